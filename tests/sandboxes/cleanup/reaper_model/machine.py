"""What may happen to a reaper, on driven time: sandboxes, owners, crashes and outages; and what it is held to.

Never a kill of one that is leased, protected, kept or too young; never two kills of one; every orphan gone at last.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import time_machine
from asgiref.sync import async_to_sync
from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
)

from dashboard.system import heartbeat
from events import observe
from sandboxes.actions import Actor, NotInState, request, sending
from sandboxes.cleanup import leases, policy_book, reaper
from sandboxes.models import Action, Sandbox, SandboxLock
from sandboxes.policies import parse
from simulator import DEFAULT_API_KEY, Fault
from simulator.served import Served
from tests.support import records

PLACES = st.integers(0, 15)
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
YOUNG_SECONDS, GRACE_SECONDS, ROUND_SECONDS = 120, 60, 15
ROUNDS_AT_THE_END = 80
# Where a worker of ours dies: between any two steps of a mark's life.
SEAMS = ("marking", "released", "claimed", "before the DELETE", "after the DELETE", "settling", "confirming")
ANNA = Actor("user", "anna")
UNBRAKED = {"per_hour": 10**6, "per_day": 10**6}  # every orphan has to go: the account's brake has tests of its own
POLICY = {
    "name": "old", "enabled": True, "mode": "enforce", "action": "kill", "grace_seconds": GRACE_SECONDS,
    "orphan_when": {"older_than_seconds": YOUNG_SECONDS}, "max_fleet_fraction": 1.0, "max_per_hour": 1000,
}  # fmt: skip
TABLES = ("action", "auditentry", "verdict", "leasemember", "leasespan", "lease", "executionend", "execution",
          "sandbox", "guard", "accounthealth", "account", "heartbeat", "policy")  # fmt: skip


Step = Callable[[], Awaitable[object]]


class Crash(BaseException):
    """Our worker dies here."""


class Broken(BaseException):
    """A wrong DELETE leaves: nothing that isolates one call's or one account's faults may swallow this."""


class WrongDelete(AssertionError):
    """The same where no code of ours can swallow it any more, so that Hypothesis takes it for a failure and shrinks."""


class World:
    """One simulated E2B for all runs, and whose DELETEs it hears."""

    def __init__(self, it: Served) -> None:
        self.url, self.simulator = it.url, it.simulator

    def kill(self, sandbox_id: str) -> None:
        """Behind the API's back."""
        with self.simulator.lock:
            self.simulator.lifecycle.kill(self.simulator.now(), self.simulator.sandbox(sandbox_id))

    def restart(self, sandbox_id: str) -> None:
        """Paused and resumed by its owner, so that its run is new."""
        with self.simulator.lock:
            now, box = self.simulator.now(), self.simulator.sandbox(sandbox_id)
            self.simulator.lifecycle.pause(now, box, 0)
            self.simulator.lifecycle.resume(now, box, 86_000)


class Fleet(RuleBasedStateMachine):
    """What the owners know: born when, leased until when, protected; and which DELETEs have left the stack.

    What is drawn depends on nothing that happened: sandboxes are chosen by their place in the order of birth, so that a
    seed leads to the same steps again, though two workers at once may do them in another order.
    """

    world: "World"  # set by the test
    now_running: "Fleet"  # the newest
    reached: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.born: dict[str, datetime] = {}
        self.kept: set[str] = set()
        self.protected: set[str] = set()
        self.leases: dict[str, tuple[set[str], int, datetime]] = {}  # key: IDs, TTL, until
        self.answered: set[str] = set()
        self.crash_at = ""
        self.without_turns = False
        Fleet.now_running = self
        self.time = time_machine.travel(datetime.fromtimestamp(self.world.simulator.now(), UTC), tick=False)
        self.moves = self.time.start()
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # the audit refuses it otherwise
            cursor.execute(f"TRUNCATE {', '.join(f'sandboxes_{name}' for name in TABLES)} RESTART IDENTITY CASCADE")
            cursor.execute("SET session_replication_role = DEFAULT")
        self.account = records.account("prod", url=self.world.url, api_key=DEFAULT_API_KEY, brake=UNBRAKED)
        policy_book.write(parse(POLICY))
        self.pass_time(0, beating=True)

    def teardown(self) -> None:
        """Whatever happened: E2B answers again, owners go home, and every orphan has to go."""
        try:
            self.world.simulator.faults.clear()
            self.crash_at = ""
            for key in list(self.leases):
                self.release(key)
            for _ in range(ROUNDS_AT_THE_END):
                if not self.orphans_alive() and not Action.objects.filter(state__in=Action.OPEN).exists():
                    break
                self.pass_time(ROUND_SECONDS, beating=True)
                self.round()
            assert not self.orphans_alive(), list(
                Action.objects.values("sandbox__sandbox_id", "state", "outcome", "error")
            )
            assert not Action.objects.filter(state__in=Action.OPEN).exists()
        finally:
            self.end()

    def end(self) -> None:
        """Nothing of this life is left for the next."""
        for sandbox_id in self.alive():
            self.world.kill(sandbox_id)
        self.time.stop()

    # What owners do

    @rule(number=st.integers(1, 3), keep=st.sampled_from([False, False, True]))
    def create(self, number: int, keep: bool) -> None:
        for _ in range(number):
            made = self.world.simulator.create(timeout=86_000, metadata={"keep": "true"} if keep else {})
            self.born[made.id] = self.now()
            if keep:
                self.kept.add(made.id)

    def at(self, place: int, some: list[str]) -> list[str]:
        """The one at that place, counted round; none of nobody."""
        return [some[place % len(some)]] if some else []

    def grow_up(self, number: int) -> list[str]:
        """New ones that are old enough to be orphans."""
        before = len(self.born)
        self.create(number, keep=False)
        self.pass_time(YOUNG_SECONDS, beating=True)
        self.round()
        return list(self.born)[before:]

    @rule(
        places=st.lists(PLACES, min_size=1, max_size=4), key=st.sampled_from("ab"), ttl=st.sampled_from([20, 90, 400])
    )
    def lease(self, places: list[int], key: str, ttl: int) -> None:
        wanted = [one for place in places for one in self.at(place, list(self.born))]
        if wanted:
            self.take(wanted, key, ttl)

    def take(self, wanted: list[str], key: str, ttl: int) -> None:
        ids = set(wanted)
        try:
            told = leases.put(key, ttl, ids=sorted(ids))
        except leases.LeaseConflict:
            return
        self.leases[key] = (ids - set(told.condemned), ttl, self.now() + timedelta(seconds=ttl))

    @rule(key=st.sampled_from("ab"))
    def release(self, key: str) -> None:
        leases.release(key)
        self.leases.pop(key, None)

    @rule(place=PLACES, kind=st.sampled_from(["protect", "unprotect"]))
    def protect(self, place: int, kind: str) -> None:
        for one in self.at(place, list(self.born)):
            self.shield(one, kind)

    def shield(self, sandbox_id: str, kind: str) -> None:
        row = Sandbox.objects.filter(sandbox_id=sandbox_id).first()
        if row is None:
            return
        try:
            request(row, kind, ANNA, reason="mine")
        except NotInState:
            return
        if SandboxLock.objects.get(pk=row.lock_id).protected:
            self.protected.add(row.sandbox_id)
        else:
            self.protected.discard(row.sandbox_id)

    @rule(place=PLACES)
    def owner_kills(self, place: int) -> None:
        for one in self.at(place, [one for one in self.born if one in self.alive()]):
            self.world.kill(one)

    # What time and mischance do

    @rule(rounds=st.sampled_from([1, 4, 10]), twice=st.booleans(), turns=st.booleans())
    def life_goes_on(self, rounds: int, twice: bool, turns: bool) -> None:
        """A round every 15 s, of one worker or two at once, who may both believe that it is their turn."""
        self.without_turns = not turns
        for _ in range(rounds):
            self.pass_time(ROUND_SECONDS, beating=True)
            self.round(twice=twice)

    @rule(
        where=st.sampled_from(SEAMS), number=st.integers(1, 3), twice=st.booleans(), away=st.sampled_from([0, 0, 900])
    )
    def a_worker_dies(self, where: str, number: int, twice: bool, away: int) -> None:
        """There are orphans; whoever comes to that place first dies there, and perhaps all of us are away after it."""
        self.grow_up(number)
        self.crash_at = where
        while_it_lasts = GRACE_SECONDS // ROUND_SECONDS + 4
        self.life_goes_on(while_it_lasts, twice=twice, turns=not twice)
        if away:
            self.we_are_away(away)
        self.life_goes_on(4, twice=twice, turns=True)

    @rule(number=st.integers(1, 3), how=st.sampled_from(["lease", "protect"]), twice=st.booleans())
    def an_owner_comes_while_grace_runs(self, number: int, how: str, twice: bool) -> None:
        """Marked already, and spared from that moment on."""
        made = self.grow_up(number)
        self.life_goes_on(2, twice=twice, turns=True)
        if how == "lease":
            self.take(made, "c", 400)
        else:
            self.shield(made[0], "protect")
        self.life_goes_on(8, twice=twice, turns=not twice)

    @rule(number=st.integers(1, 3), twice=st.booleans())
    def an_owner_restarts_one_unseen(self, number: int, twice: bool) -> None:
        """After the last list, before the act that is due now: only the look at itself shows that its run is young."""
        made = self.grow_up(number)[0]
        self.life_goes_on(GRACE_SECONDS // ROUND_SECONDS - 1, twice=twice, turns=True)
        self.pass_time(ROUND_SECONDS, beating=True)
        if not self.work(lambda: observe.sync(self.account)):
            return
        if made in self.alive():
            self.world.restart(made)
            self.born[made] = self.now()
        self.work(reaper.run_all, sending.send_due, times=2 if twice else 1)

    @rule(seconds=st.sampled_from([100, 900]))
    def we_are_away(self, seconds: int) -> None:
        """Nobody could renew: each lease that was alive gets one whole TTL from our return."""
        alive = {key for key, (_, _, until) in self.leases.items() if until > self.now()}
        self.pass_time(seconds, beating=False)
        self.pass_time(0, beating=True)
        for key in alive:
            ids, ttl, until = self.leases[key]
            self.leases[key] = ids, ttl, max(until, self.now() + timedelta(seconds=ttl))

    @rule(status=st.sampled_from([429, 500, 503]), method=st.sampled_from(["GET", "DELETE"]), times=st.integers(1, 12))
    def e2b_fails(self, status: int, method: str, times: int) -> None:
        after = "1" if status == 429 else ""
        self.world.simulator.faults.add(Fault(status, method=method, times=times, retry_after=after))

    def round(self, twice: bool = False) -> None:
        """A look at the list, then the reaper and the sender; two of each at once, if so."""
        self.work(lambda: observe.sync(self.account), reaper.run_all, sending.send_due, times=2 if twice else 1)

    def work(self, *steps: Step, times: int = 1) -> bool:
        """Does each step, several times at once if so; False when a worker died on the way."""
        try:
            for step in steps:
                async_to_sync(_side_by_side)(step, times)
        except Crash:
            return False
        except Broken as wrong:
            raise WrongDelete(str(wrong)) from wrong
        return True

    # What we hold it to

    def a_delete_leaves(self, sandbox_id: str) -> None:
        now = self.now()
        held = [key for key, (ids, _, until) in self.leases.items() if sandbox_id in ids and until > now]
        assert not held, f"{sandbox_id} is leased by {held}"
        assert sandbox_id not in self.protected | self.kept
        assert now - self.born[sandbox_id] >= timedelta(seconds=YOUNG_SECONDS)
        assert sandbox_id not in self.answered, "a second kill"

    @invariant()
    def none_has_come_back(self) -> None:
        wrong = Action.objects.filter(state="failed").exclude(error="")
        assert not wrong.filter(error__contains="come back").exists()

    # The rest

    def now(self) -> datetime:
        return datetime.now(UTC)

    def pass_time(self, seconds: int, *, beating: bool) -> None:
        self.moves.shift(seconds)
        self.world.simulator.advance(seconds)
        if beating:
            heartbeat.beat()

    def alive(self) -> set[str]:
        with self.world.simulator.lock:
            return {box.id for box in self.world.simulator.fleet if box.alive} & set(self.born)

    def orphans_alive(self) -> set[str]:
        return self.alive() - self.kept - self.protected - self.left_to_a_person()

    def left_to_a_person(self) -> set[str]:
        """Refused by E2B five times over: it stops there, with a clear state, and no policy of this version goes on."""
        given_up = Action.objects.filter(state="failed", error__startswith="Gave up after 5 attempts")
        return set(given_up.values_list("sandbox__sandbox_id", flat=True))

    def crash_if(self, where: str) -> None:
        if self.crash_at == where:
            self.crash_at = ""
            Fleet.reached[where] += 1
            raise Crash(where)


async def _side_by_side(work: Step, times: int) -> None:
    await asyncio.gather(*(work() for _ in range(times)))
