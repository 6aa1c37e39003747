"""What can happen to a sandbox, with the events E2B tells of it, and those it keeps to itself."""

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from simulator import events, ids, patterns, rfc3339
from simulator.agenda import Agenda
from simulator.census import Census
from simulator.errors import Conflict
from simulator.events import Journal
from simulator.fleet import Fleet
from simulator.patterns import Curve
from simulator.sandbox import OnTimeout, Run, Sandbox
from simulator.templates import Template

KillReason = Literal[
    "request", "timeout", "admin", "orphaned", "base_template_missing", "seal_failed", "resume_failed", "unknown"
]
CLIENT_ID = "6532622b"
_SURVIVABLE: frozenset[KillReason] = frozenset(("timeout", "admin"))


@dataclass(slots=True)
class Wish:
    """What a new sandbox is asked to be; without a `curve` it gets a steady one."""

    template: Template
    timeout: float
    metadata: dict[str, str] = field(default_factory=dict)
    on_timeout: OnTimeout = "kill"
    auto_resume: bool = False
    secured: bool = False
    internet: bool | None = None
    curve: Curve | None = None
    overdue: bool = False


class Lifecycle:
    """Changes sandboxes: the only place that does, and every change is written to the journal and the census."""

    def __init__(self, seed: int, fleet: Fleet, journal: Journal, census: Census, agenda: Agenda) -> None:
        self.fleet, self.journal, self.census, self.agenda = fleet, journal, census, agenda
        self._chance = Random(f"{seed}:sandboxes")
        # By template ID: how many were created from it, and when the last one was.
        self.spawned: dict[str, tuple[int, float]] = {}

    def create(self, at: float, wish: Wish) -> Sandbox:
        """Start a sandbox at `at`."""
        sandbox = self._make(at, wish)
        self._enter(sandbox, at)
        count, _ = self.spawned.get(wish.template.id, (0, at))
        self.spawned[wish.template.id] = (count + 1, at)
        self.journal.write("created", at, sandbox)
        return sandbox

    def set_end(self, at: float, sandbox: Sandbox, end: float, *, only_later: bool = False) -> None:
        """Move the end to `end` (Unix seconds); `updated` follows also when it did not move."""
        self._settled(sandbox)
        sandbox.end_at = max(sandbox.end_at, end) if only_later else end
        sandbox.overdue = False
        self._expect_end(sandbox)
        self.journal.write("updated", at, sandbox, set_timeout=rfc3339.text(sandbox.end_at))

    def set_network(self, at: float, sandbox: Sandbox, rules: dict[str, object]) -> None:
        """Replace the rules for outgoing traffic."""
        self._settled(sandbox)
        sandbox.network = rules
        self.journal.write("updated", at, sandbox, network_egress=rules)

    def pause(self, at: float, sandbox: Sandbox, seconds: float = 0.0) -> None:
        """Pause, taking `seconds`; Conflict when it is paused already or changing."""
        self._settled(sandbox)
        if sandbox.state == "paused":
            raise Conflict(f"sandbox '{sandbox.id}' is already paused")
        if seconds <= 0:
            self._paused(at, sandbox)
            return
        sandbox.changing = "pausing"
        self.agenda.push(at + seconds, lambda done: self._pause_ends(done, sandbox))

    def resume(self, at: float, sandbox: Sandbox, timeout: float) -> None:
        """Start a new run of a paused sandbox, to end `timeout` seconds from now."""
        self._settled(sandbox)
        if sandbox.state == "running":
            raise Conflict(f"sandbox '{sandbox.id}' is already running")
        before = sandbox.started
        sandbox.runs.append(Run(ids.uuid4(self._chance), at, sandbox.seconds_run(at)))
        sandbox.state, sandbox.end_at = "running", at + timeout
        self.fleet.restarted(sandbox, before)
        self.census.started(at)
        self._expect_end(sandbox)
        self.journal.write("resumed", at, sandbox)

    def kill(self, at: float, sandbox: Sandbox, reason: KillReason = "request") -> None:
        """End the sandbox. A paused one goes without an event; one that was ever paused survives, as paused,
        whatever is not an explicit request."""
        sandbox.changing = None
        if sandbox.state == "running":
            self.journal.write("killed", at, sandbox, kill_reason=reason, execution=events.execution(sandbox, at))
            self._stop(at, sandbox)
            if sandbox.ever_paused and reason in _SURVIVABLE:
                sandbox.state, sandbox.end_at = "paused", at
                return
        sandbox.died = at
        self.fleet.bury(sandbox, at)

    def fork(self, at: float, sandbox: Sandbox, timeout: float, count: int, seconds: float = 0.0) -> list[Sandbox]:
        """Checkpoint a running sandbox, off every page for `seconds`, and start `count` others from its snapshot."""
        self.checkpoint(at, sandbox, seconds)
        return [self._branch(at, sandbox, timeout) for _ in range(count)]

    def checkpoint(self, at: float, sandbox: Sandbox, seconds: float = 0.0) -> None:
        """Capture a running sandbox, off every page for `seconds`. Conflict when it is paused or changing."""
        self._settled(sandbox)
        if sandbox.state != "running":
            raise Conflict(f"sandbox '{sandbox.id}' is not running")
        if seconds > 0:
            sandbox.changing = "snapshotting"
            self.agenda.push(at + seconds, lambda _: self._unchanging(sandbox))
        self.journal.write("checkpointed", at, sandbox)

    def _branch(self, at: float, origin: Sandbox, timeout: float) -> Sandbox:
        curve = patterns.drawn(self._chance, origin.curve.pattern, origin.curve.period_seconds)
        wish = Wish(origin.template, timeout, dict(origin.metadata), origin.on_timeout, curve=curve)
        sandbox = self._make(at, wish)
        self._enter(sandbox, at)
        self.journal.write("resumed", at, sandbox)
        return sandbox

    def _make(self, at: float, wish: Wish) -> Sandbox:
        chance = self._chance
        sandbox_id = ids.sandbox_id(chance)
        return Sandbox(
            id=sandbox_id,
            client_id=CLIENT_ID,
            template=wish.template,
            metadata=wish.metadata,
            curve=wish.curve or patterns.drawn(chance, "steady"),
            end_at=at + wish.timeout,
            runs=[Run(ids.uuid4(chance), at)],
            on_timeout=wish.on_timeout,
            auto_resume=wish.auto_resume,
            token=ids.token(chance) if wish.secured else None,
            internet=wish.internet,
            nanos=chance.randrange(1000) if chance.random() < 0.5 else None,
            overdue=wish.overdue,
        )

    def _enter(self, sandbox: Sandbox, at: float) -> None:
        self.fleet.add(sandbox)
        self.census.started(at)
        self._expect_end(sandbox)

    def _pause_ends(self, at: float, sandbox: Sandbox) -> None:
        # It may have been killed while it was pausing.
        if sandbox.alive and sandbox.changing == "pausing":
            self._paused(at, sandbox)

    def _paused(self, at: float, sandbox: Sandbox) -> None:
        sandbox.changing = None
        self.journal.write("paused", at, sandbox, execution=events.execution(sandbox, at))
        self._stop(at, sandbox)
        sandbox.state, sandbox.end_at, sandbox.ever_paused = "paused", at, True

    def _stop(self, at: float, sandbox: Sandbox) -> None:
        sandbox.run.ended = at
        sandbox.overdue = False
        self.census.stopped(at)

    def _unchanging(self, sandbox: Sandbox) -> None:
        sandbox.changing = None

    def _expect_end(self, sandbox: Sandbox) -> None:
        self.agenda.push(sandbox.end_at, lambda at: self._expire(at, sandbox))

    def _expire(self, at: float, sandbox: Sandbox) -> None:
        if sandbox.state != "running" or not sandbox.alive or sandbox.overdue or sandbox.end_at > at:
            return
        if sandbox.changing:
            self.agenda.push(at + 1.0, lambda later: self._expire(later, sandbox))
        elif sandbox.on_timeout == "pause":
            self.pause(at, sandbox)
        else:
            self.kill(at, sandbox, "timeout")

    def _settled(self, sandbox: Sandbox) -> None:
        if sandbox.changing:
            raise Conflict(f"sandbox '{sandbox.id}' is {sandbox.changing}")
