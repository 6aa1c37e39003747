"""The simulated E2B as a whole, without its HTTP face: what a test holds in its hand."""

from random import Random
from threading import RLock

from simulator import ids, past, templates
from simulator.agenda import Agenda
from simulator.census import Census
from simulator.clock import Clock, ManualClock, WallClock
from simulator.errors import NotFound
from simulator.events import Journal
from simulator.faults import Faults
from simulator.fleet import Fleet
from simulator.lifecycle import Lifecycle, Wish
from simulator.limits import Limits
from simulator.options import Options
from simulator.outbox import Outbox
from simulator.population import Population
from simulator.sandbox import Sandbox
from simulator.snapshots import Snapshots
from simulator.templates import Template
from simulator.webhooks import Webhooks

_KEYS_KEPT = 10_000


class Simulator:
    """One team at one E2B. `lock` guards everything: hold it when another thread serves the HTTP face.

    Hooks for tests: `faults`, `journal.suppressed` (kinds of events never written), `fleet.hidden` (IDs left out of
    the lists), and `lifecycle` for changes behind the API's back.
    """

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        self.options = options or Options()
        self.clock = clock or WallClock()
        self.lock = RLock()
        seed = self.options.seed
        self.team_id = ids.uuid4(Random(f"{seed}:team"))
        self.templates = templates.catalogue(seed)
        self.fleet, self.journal, self.census, self.agenda = Fleet(), Journal(seed), Census(), Agenda()
        self.lifecycle = Lifecycle(seed, self.fleet, self.journal, self.census, self.agenda)
        self.faults = Faults(seed, self.options.faults)
        self.snapshots = Snapshots(seed)
        self.limits = Limits(self.options.rate_limit, self.options.rate_window_seconds)
        self.chance = Random(f"{seed}:requests")
        self.created_by_key: dict[str, str] = {}
        now = self.clock.now()
        population = Population(self.options, self.templates, self.lifecycle, self.agenda)
        self.past_began = past.live(self.options, population, self.agenda, now)
        self.webhooks = Webhooks(seed, self.team_id)
        self.outbox = Outbox(self.options, self.team_id, self.webhooks, self.faults)
        # Only now: what happened before the start was delivered, or not, to whoever listened then.
        self.journal.listeners.append(self.outbox.post)
        if self.options.webhook_url:
            self.webhooks.register("sandwarden", self.options.webhook_url, self.options.webhook_secret, now)

    def now(self) -> float:
        """Unix seconds by the simulator's clock, after everything due by then has happened."""
        with self.lock:
            now = self.clock.now()
            self.agenda.run_until(now)
            return now

    def advance(self, seconds: float) -> float:
        """Move a ManualClock on and let everything due happen; gives the new time."""
        if not isinstance(self.clock, ManualClock):
            raise TypeError("only a ManualClock can be advanced")
        with self.lock:
            self.clock.advance(seconds)
            now = self.now()
        self.outbox.wake()
        return now

    def create(
        self,
        template: str = "base",
        *,
        timeout: float = 300.0,
        metadata: dict[str, str] | None = None,
        **wishes: object,
    ) -> Sandbox:
        """Start a sandbox behind the API's back; further wishes are the fields of `lifecycle.Wish`."""
        with self.lock:
            wish = Wish(self.template(template), timeout, dict(metadata or {}), **wishes)  # type: ignore[arg-type]
            return self.lifecycle.create(self.now(), wish)

    def sandbox(self, sandbox_id: str) -> Sandbox:
        """The living sandbox of that ID (with or without its `-clientID`), else NotFound."""
        found = self.fleet.alive(sandbox_id) or self.fleet.alive(sandbox_id.split("-", 1)[0])
        if found is None:
            raise NotFound(f"sandbox \"{sandbox_id}\" doesn't exist or you don't have access to it")
        return found

    def template(self, name: str) -> Template:
        """The template or snapshot of that ID, alias or name, else NotFound."""
        found = templates.named(self.templates, name)
        if found is not None:
            return found
        snapshot = self.snapshots.named(name)
        if snapshot is None:
            raise NotFound(f"template '{name}' not found")
        return snapshot.template

    def capped_end(self, sandbox: Sandbox, end: float) -> float:
        """`end`, or the latest the plan lets this run go on to (its present end, if that is later already)."""
        return min(end, max(sandbox.started + self.options.max_run_seconds, sandbox.end_at))

    def remember_key(self, key: str, sandbox_id: str) -> None:
        """Keep which sandbox an `Idempotency-Key` made; the oldest are forgotten."""
        self.created_by_key[key] = sandbox_id
        while len(self.created_by_key) > _KEYS_KEPT:
            del self.created_by_key[next(iter(self.created_by_key))]
