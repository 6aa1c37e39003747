"""What a sandbox logs: lines that follow from its runs and its curve, the same each time they are asked for."""

from collections.abc import Iterator
from typing import Literal, get_args

import msgspec

from simulator import rfc3339, samples
from simulator.patterns import Pattern, noise
from simulator.sandbox import Run, Sandbox

Level = Literal["debug", "info", "warn", "error"]
LEVELS: tuple[Level, ...] = get_args(Level)

_EVERY_SECONDS = 30
_LINES: dict[Pattern, tuple[str, ...]] = {
    "busy": ("step finished", "tests collected", "compiling module", "evaluating batch"),
    "steady": ("request served", "checkpoint written", "page rendered", "step finished"),
    "idle": ("waiting for work", "heartbeat", "no message in queue"),
    "bursty": ("batch started", "batch finished", "waiting for batch"),
    "leaking": ("cache grown", "session kept", "garbage collection freed little"),
}


class Line(msgspec.Struct, frozen=True, gc=False):
    """One entry; `at` in Unix seconds."""

    at: float
    level: Level
    message: str
    fields: dict[str, str]


class Entry(msgspec.Struct, frozen=True):
    """An entry as the v2 endpoint writes it."""

    timestamp: str
    level: Level
    message: str
    fields: dict[str, str]


def entry(line: Line) -> Entry:
    return Entry(rfc3339.text(line.at), line.level, line.message, line.fields)


def lines(sandbox: Sandbox, now: float) -> Iterator[Line]:
    """All lines up to `now`, oldest first."""
    for number, run in enumerate(sandbox.runs):
        yield _line(run.started, "info", "sandbox resumed" if number else "sandbox started", "envd")
        yield from _work(sandbox, run, now)
        if run.ended is not None:
            yield from _ending(sandbox, run, run.ended)


def at_least(level: Level) -> tuple[Level, ...]:
    """The levels as grave as this one or graver."""
    return LEVELS[LEVELS.index(level) :]


def _work(sandbox: Sandbox, run: Run, now: float) -> Iterator[Line]:
    end = int(now if run.ended is None else min(run.ended, now))
    words = _LINES[sandbox.curve.pattern]
    for at in range(int(run.started) + 7, end, _EVERY_SECONDS):
        draw = noise(sandbox.curve.seed ^ 0x10C, at)
        level: Level = "warn" if draw > 0.97 else "debug" if draw < 0.2 else "info"
        cpu = samples.usage_at(sandbox, run, at).cpu_pct
        message = words[int(draw * len(words))]
        yield _line(at + round(draw, 3), level, message, "app", cpu_pct=f"{cpu:.1f}")


def _ending(sandbox: Sandbox, run: Run, ended: float) -> Iterator[Line]:
    last = run is sandbox.run
    if last and sandbox.killed_by_oom:
        at = max(run.started, ended - 0.4)
        message = f"Out of memory: Killed process {200 + sandbox.curve.seed % 800} (python3)"
        yield _line(at, "error", message, "kernel", total_vm_kb=str(sandbox.template.memory_mb * 1024))
    if last and sandbox.state == "running":
        yield _line(ended, "info", "sandbox stopped", "envd")
    else:
        yield _line(ended, "info", "sandbox paused", "envd")


def _line(at: float, level: Level, message: str, logger: str, **fields: str) -> Line:
    return Line(at, level, message, {"logger": logger, **fields})
