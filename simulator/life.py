"""The life of a sandbox drawn at its birth: what its owner will do with it, and how it ends."""

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from simulator import owners, patterns
from simulator.patterns import Curve, Pattern
from simulator.sandbox import OnTimeout
from simulator.templates import Template

Act = Literal["timeout", "refresh", "connect", "pause", "resume", "fork", "kill", "delete_paused", "oom", "orphaned"]
# `plain` comes and goes; `vanished` lost its owner and is kept alive by a forgotten timer; `overdue` runs on past
# its end; `lasting` is on a plan that lets a run go on for days; `staying` starts a new run now and then, for ever.
Kind = Literal["plain", "vanished", "overdue", "lasting", "staying"]

HOUR = 3600.0
_LONGEST_RUN = 20 * HOUR
_SHORT_PAUSE = 60.0
_SHORTEST_LEAK = 180.0
_PAUSING = ("pause", "resume")
# Of a last run that ends in a snapshot thrown away, the share in which it runs.
_KEPT_WORKING = 0.85
_TIMEOUTS = (60, 120, 300, 300, 600, 900, 1800, 3600)
_ENDINGS = (("kill", 52), ("timeout", 30), ("auto_pause", 6), ("oom", 4), ("delete_paused", 5), ("outlived", 3))
_MOODS: tuple[tuple[Pattern, int], ...] = (("busy", 26), ("steady", 24), ("idle", 24), ("bursty", 22), ("leaking", 4))


@dataclass(frozen=True, slots=True)
class Step:
    """One deed of the owner (or of E2B), `after` seconds from the birth; `seconds` goes with what takes a timeout."""

    after: float
    act: Act
    seconds: float = 0.0


@dataclass(slots=True)
class Life:
    """All that is decided at birth; `timeout` is the first one, `steps` are in the order of time and begin again
    every `repeats_after` seconds (if that is not 0)."""

    template: Template
    metadata: dict[str, str]
    curve: Curve
    timeout: float
    on_timeout: OnTimeout = "kill"
    overdue: bool = False
    steps: list[Step] = field(default_factory=list)
    repeats_after: float = 0.0


def drawn(chance: Random, templates: tuple[Template, ...], kind: Kind, duration: float) -> Life:
    """A life of that kind; a plain one stays about `duration` seconds on the list, the others at least so long."""
    template = chance.choices(templates, [template.weight for template in templates])[0]
    life = Life(template, owners.metadata(chance), _curve(chance, kind), 300.0)
    if kind == "vanished":
        _vanish(chance, life)
    elif kind == "overdue":
        _outstay(chance, life, duration)
    elif kind == "lasting":
        _last(chance, life, duration)
    elif kind == "staying":
        _stay(life)
    else:
        _plain(chance, life, max(duration, 20.0))
    life.steps.sort(key=lambda step: step.after)
    return life


def _curve(chance: Random, kind: Kind) -> Curve:
    if kind in ("vanished", "overdue"):
        return patterns.drawn(chance, "idle")
    if kind == "lasting":
        return patterns.drawn(chance, "steady")
    mood = chance.choices([name for name, _ in _MOODS], [weight for _, weight in _MOODS])[0]
    # A leak that kills nobody yet: it fills the memory over many hours.
    return patterns.drawn(chance, mood, chance.uniform(4, 20) * HOUR if mood == "leaking" else None)


def _vanish(chance: Random, life: Life) -> None:
    # The plan's 24 hours are the end of it: the refreshes stop being granted there.
    every = chance.uniform(600, 1500)
    life.timeout = every * 2
    life.steps = [Step(every * n, "refresh", every * 2) for n in range(1, int(23.9 * HOUR / every))]
    life.steps.append(Step(25 * HOUR, "delete_paused"))


def _outstay(chance: Random, life: Life, duration: float) -> None:
    life.timeout, life.overdue = chance.choice((300.0, 600.0, 900.0)), True
    found = max(duration, life.timeout + chance.uniform(4, 16) * HOUR)
    life.steps = [Step(found, "orphaned"), Step(found + HOUR, "delete_paused")]


def _last(chance: Random, life: Life, duration: float) -> None:
    stays = max(duration, chance.uniform(90, 150) * HOUR)
    life.timeout = max(7 * 24 * HOUR, stays * 1.1)
    life.steps = [Step(stays, "kill")]


def _stay(life: Life) -> None:
    # Never longer than a plan lets a run go on.
    life.timeout, life.repeats_after = _LONGEST_RUN * 1.1, _LONGEST_RUN + 2 * _SHORT_PAUSE
    life.steps = [Step(_LONGEST_RUN, "pause"), Step(life.repeats_after, "resume", life.timeout)]


def _plain(chance: Random, life: Life, duration: float) -> None:
    ending = chance.choices([name for name, _ in _ENDINGS], [weight for _, weight in _ENDINGS])[0]
    runs = _runs(chance, duration, pausing=ending == "outlived" or chance.random() < 0.12)
    life.timeout = _timeout(chance, runs[0][1] - runs[0][0])
    for number, (start, end) in enumerate(runs):
        timeout = life.timeout if number == 0 else _timeout(chance, end - start)
        if number:
            life.steps.append(Step(start, "resume", timeout))
        last = number == len(runs) - 1
        deleted = last and ending == "delete_paused"
        covered = _keep_alive(chance, life, start, timeout, start + (end - start) * _KEPT_WORKING if deleted else end)
        if not last:
            life.steps.append(Step(end, "pause"))
        else:
            _end(chance, life, ending, start, end, covered)
    if len(runs) == 1 and duration > 300 and chance.random() < 0.02:
        life.steps.append(Step(duration * 0.5, "fork", _timeout(chance, duration)))


def _runs(chance: Random, duration: float, *, pausing: bool) -> list[tuple[float, float]]:
    """The spans in which it runs: one, two with a pause between, or as many as a plan's longest run asks for."""
    if duration > _LONGEST_RUN:
        count = int(duration / _LONGEST_RUN) + 1
        each = duration / count
        return [(n * each + (_SHORT_PAUSE if n else 0.0), (n + 1) * each) for n in range(count)]
    if pausing and duration > 120:
        return [(0.0, duration * chance.uniform(0.2, 0.45)), (duration * chance.uniform(0.55, 0.75), duration)]
    return [(0.0, duration)]


def _timeout(chance: Random, span: float) -> float:
    """A timeout as people choose them, of the order of the span, so that few extensions are needed."""
    fitting = [seconds for seconds in _TIMEOUTS if span / 4 <= seconds <= span * 2]
    return float(chance.choice(fitting)) if fitting else min(max(span / 3, 30.0), 6 * HOUR)


def _keep_alive(chance: Random, life: Life, start: float, timeout: float, until: float) -> float:
    """Add the extensions that carry a run from `start` to `until`; gives the end the last one leaves."""
    end = start + timeout
    while end < until:
        at = end - timeout * chance.uniform(0.1, 0.5)
        act: Act = chance.choices(("timeout", "refresh", "connect"), (50, 25, 25))[0]
        life.steps.append(Step(at, act, timeout))
        end = max(end, at + timeout)
    return end


def _end(chance: Random, life: Life, ending: str, start: float, end: float, covered: float) -> None:
    if ending == "oom" and end > _SHORTEST_LEAK:
        # Memory grows only while it runs.
        paused = sum(step.after * (1 if step.act == "resume" else -1) for step in life.steps if step.act in _PAUSING)
        life.curve = patterns.drawn(chance, "leaking", end - paused)
        life.steps += [Step(end, "oom"), Step(end + HOUR, "delete_paused")]
    elif ending == "delete_paused":
        life.steps += [Step(start + (end - start) * _KEPT_WORKING, "pause"), Step(end, "delete_paused")]
    elif ending in ("auto_pause", "outlived", "timeout"):
        life.on_timeout = "pause" if ending == "auto_pause" else "kill"
        # What is left as a snapshot is cleared away some time later, silently.
        life.steps.append(Step(covered + chance.uniform(0.1, 0.6) * end, "delete_paused"))
    else:
        life.steps.append(Step(end, "kill"))
