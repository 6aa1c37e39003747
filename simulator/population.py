"""The fleet's own life: sandboxes are born at a set rate and live what was drawn for them."""

from contextlib import suppress
from random import Random

from simulator import life
from simulator.agenda import Agenda
from simulator.errors import ApiError
from simulator.life import HOUR, Kind, Life, Step
from simulator.lifecycle import Lifecycle, Wish
from simulator.options import Options
from simulator.sandbox import Sandbox
from simulator.templates import Template

# The share of the fleet that is of each odd kind; what dies of it is born again, little by little.
QUOTAS: tuple[tuple[Kind, float], ...] = (("overdue", 0.02), ("lasting", 0.015), ("vanished", 0.02))
# How readily a free place among the odd ones is filled at a birth, in proportion to its quota.
_ODD_AT_BIRTH = 2.5
_PAUSE_SECONDS_PER_GIB = 4.0
_SNAPSHOT_SECONDS = 3.0
# Timeouts run out later than the owner is done, and snapshots are left lying: a life is so much shorter as drawn.
_DRAWN_OF_STAYED = 0.86
# Without births nobody dies either: longer than anyone will watch.
FOR_EVER = 60 * 24 * HOUR


class Population:
    """Births, and the deeds of the sandboxes' owners; keeps the fleet near its size."""

    def __init__(self, options: Options, templates: tuple[Template, ...], lifecycle: Lifecycle, agenda: Agenda) -> None:
        self._options, self._templates = options, templates
        self._lifecycle, self._agenda = lifecycle, agenda
        self._births = Random(f"{options.seed}:births")
        self._number = 0
        self._odd: dict[Kind, set[str]] = {kind: set() for kind, _ in QUOTAS}

    @property
    def mean_life_seconds(self) -> float:
        """How long a life is to be drawn, on average, for the fleet to keep its size."""
        rate = self._options.births_per_minute
        return self._options.sandboxes / rate * 60.0 * _DRAWN_OF_STAYED if rate > 0 else FOR_EVER

    def keep_bearing(self, at: float) -> None:
        """Bear a sandbox at `at` and go on at the set rate."""
        self._agenda.push(at + self._births.expovariate(self._options.births_per_minute / 60.0), self._next_birth)

    def bear(self, at: float, kind: Kind, stays: float) -> None:
        """Have a sandbox of that kind born at `at`, to stay about that many seconds."""
        chance = self._chance()
        drawn = life.drawn(chance, self._templates, kind, stays)
        self._agenda.push(at, lambda born: self._born(born, kind, drawn))

    def stay(self) -> float:
        """How long the next plain sandbox is to stay; exponential, longer while the fleet is too small."""
        size = len(self._lifecycle.fleet)
        pull = min(3.0, max(0.2, (self._options.sandboxes / size) ** 4)) if size else 3.0
        return self._births.expovariate(1.0 / (self.mean_life_seconds * pull))

    def _chance(self) -> Random:
        self._number += 1
        return Random(f"{self._options.seed}:life:{self._number}")

    def _next_birth(self, at: float) -> None:
        kind = self._kind()
        self._born(at, kind, life.drawn(self._chance(), self._templates, kind, self.stay()))
        self.keep_bearing(at)

    def _kind(self) -> Kind:
        for kind, share in QUOTAS:
            if self._births.random() < _ODD_AT_BIRTH * share and self._held(kind) < share * self._options.sandboxes:
                return kind
        return "plain"

    def _held(self, kind: Kind) -> int:
        self._odd[kind] = {name for name in self._odd[kind] if self._lifecycle.fleet.alive(name)}
        return len(self._odd[kind])

    def _born(self, at: float, kind: Kind, drawn: Life) -> None:
        wish = Wish(
            drawn.template,
            drawn.timeout,
            drawn.metadata,
            drawn.on_timeout,
            auto_resume=drawn.on_timeout == "pause",
            curve=drawn.curve,
            overdue=drawn.overdue,
        )
        sandbox = self._lifecycle.create(at, wish)
        if kind in self._odd:
            self._odd[kind].add(sandbox.id)
        self._expect(sandbox, at, drawn, 0)

    def _expect(self, sandbox: Sandbox, begun: float, lived: Life, place: int) -> None:
        if place == len(lived.steps) and lived.repeats_after:
            begun, place = begun + lived.repeats_after, 0
        if place < len(lived.steps):
            self._agenda.push(begun + lived.steps[place].after, lambda at: self._live(at, sandbox, begun, lived, place))

    def _live(self, at: float, sandbox: Sandbox, begun: float, lived: Life, place: int) -> None:
        if not sandbox.alive:
            return
        step = lived.steps[place]
        if step.act == "delete_paused" and sandbox.state == "running":
            # Still at work, since someone resumed or extended it: the snapshot is cleared away after that.
            self._agenda.push(max(at, sandbox.end_at) + 60.0, lambda on: self._live(on, sandbox, begun, lived, place))
            return
        # A dashboard or a client may have changed the sandbox meanwhile: then its owner's deed is refused, as it
        # would be by E2B, and the owner goes on.
        with suppress(ApiError):
            self._act(at, sandbox, step)
        self._expect(sandbox, begun, lived, place + 1)

    def _act(self, at: float, sandbox: Sandbox, step: Step) -> None:
        lifecycle, running = self._lifecycle, sandbox.state == "running"
        if step.act in ("kill", "delete_paused"):
            lifecycle.kill(at, sandbox)
        elif step.act == "resume" or (step.act == "connect" and not running):
            lifecycle.resume(at, sandbox, step.seconds)
        elif running:
            self._act_on_running(at, sandbox, step)

    def _act_on_running(self, at: float, sandbox: Sandbox, step: Step) -> None:
        lifecycle = self._lifecycle
        if step.act == "oom":
            sandbox.killed_by_oom = True
            lifecycle.kill(at, sandbox, "unknown")
        elif step.act == "orphaned":
            lifecycle.kill(at, sandbox, "orphaned")
        elif step.act == "pause":
            lifecycle.pause(at, sandbox, _PAUSE_SECONDS_PER_GIB * sandbox.template.memory_mb / 1024)
        elif step.act == "fork":
            for branch in lifecycle.fork(at, sandbox, step.seconds, 1, _SNAPSHOT_SECONDS):
                short = Life(branch.template, branch.metadata, branch.curve, step.seconds)
                short.steps.append(Step(step.seconds * 0.8, "kill"))
                self._expect(branch, at, short, 0)
        else:
            latest = sandbox.started + self._options.max_run_seconds
            end = min(at + step.seconds, max(latest, sandbox.end_at))
            lifecycle.set_end(at, sandbox, end, only_later=step.act != "timeout")
