"""Why a sandbox died, where its backend has no word for it: inferred from its last samples and log lines. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypedDict

UNKNOWN, VANISHED = "unknown", "vanished"
SILENT: Final = (UNKNOWN, VANISHED)  # the end reasons that leave the question open

NEAR: Final = 95.0  # percent of its memory: one that dies below it had room left
FULL: Final = 98.0
ROSE: Final = 5.0  # percent of its memory, within the samples given
SUPPORTING: Final = 80.0  # a program's own complaint counts from here on
FRESH_SECONDS: Final = 60.0  # older than this at the end, a sample says nothing about it
LINE_SECONDS: Final = 30.0
LONGEST_LINE: Final = 160

# The kernel's own words. What a program says of its memory (its heap may have a limit of its own) only supports.
_KERNEL: Final = re.compile(r"out of memory: kill|oom[-_ ]?kill|oom_reaper|memory cgroup out of memory", re.IGNORECASE)
_PROGRAM: Final = re.compile(
    r"\bMemoryError\b|OutOfMemory|out of memory|cannot allocate memory|\bENOMEM\b|bad_alloc", re.IGNORECASE
)


class Reading(NamedTuple):
    """A sample: Unix seconds on the backend's clock, bytes of memory in use."""

    at: float
    mem_used: int


class Line(NamedTuple):
    """A log line: Unix seconds, its message with secrets masked already."""

    at: float
    message: str


@dataclass(frozen=True)
class Limits:
    """`memory` allocated in bytes; `ended_at` in Unix seconds, found up to `late_seconds` after the death itself."""

    memory: int | None
    ended_at: float
    late_seconds: float = 0.0


class Cause(TypedDict):
    """A word, and the figures and times it was inferred from."""

    cause: str
    evidence: str


def probable_cause(
    end_reason: str | None, samples: Sequence[Reading], log_lines: Sequence[Line], limits: Limits
) -> Cause | None:
    """`out_of_memory` with its evidence, or None: where the backend told the reason, and where nothing shows it.

    Memory counts when it stood near its limit in the last samples and had risen to it; for one that was told dead
    (`unknown`) standing at the limit is enough, for one that `vanished` it is not: it may have been deleted.
    `samples` and `log_lines` are oldest first.
    """
    if (end_reason or UNKNOWN) not in SILENT:
        return None
    signs = [one.at for one in samples[-1:]] + [line.at for line in log_lines[-1:]]
    ended_at = min(limits.ended_at, max([limits.ended_at - limits.late_seconds, *signs]))
    held = [one for one in samples if one.at <= ended_at + 1]
    share = _share(held[-1], limits) if held and ended_at - held[-1].at <= FRESH_SECONDS else None
    memory = _memory(held, limits, ended_at, told=end_reason != VANISHED) if share and share >= NEAR else None
    line = _line(log_lines, ended_at, share or 0.0)
    found = [words for words in (memory, line) if words]
    return Cause(cause="out_of_memory", evidence="; ".join(found)) if found else None


def _memory(held: Sequence[Reading], limits: Limits, ended_at: float, *, told: bool) -> str | None:
    """What the samples say in words, the last of which is near its limit and fresh."""
    last, lowest = held[-1], min(held, key=lambda one: one.mem_used)
    now = _share(last, limits)
    at_limit = f"{now:.1f}% of {_size(limits.memory or 0)}"
    before = f"the last sample {max(0.0, ended_at - last.at):.0f} s before its end"
    full_since = _full_since(held, limits)
    stood = f", full since {_clock(full_since)}" if full_since is not None and full_since < last.at else ""
    if now - _share(lowest, limits) >= ROSE:
        rise = f"memory rose from {_share(lowest, limits):.1f}% ({_clock(lowest.at)}) to {at_limit}"
        return f"{rise} ({_clock(last.at)}){stood}, {before}"
    if told and stood:
        return f"memory stood at {at_limit} ({_clock(last.at)}){stood}, {before}"
    return None


def _full_since(held: Sequence[Reading], limits: Limits) -> float | None:
    since: float | None = None
    for one in reversed(held):
        if _share(one, limits) < FULL:
            break
        since = one.at
    return since


def _line(lines: Sequence[Line], ended_at: float, share: float) -> str | None:
    """The last line close to the end that tells of it: the kernel's, else a program's while memory was scarce."""
    near = [line for line in lines if -1 <= ended_at - line.at <= LINE_SECONDS]
    kernel = [line for line in near if _KERNEL.search(line.message)]
    program = [line for line in near if _PROGRAM.search(line.message)] if share >= SUPPORTING else []
    for line in (kernel or program)[-1:]:
        text = " ".join(line.message.split())
        cut = text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"
        return f"its log at {_clock(line.at)}: “{cut}”"
    return None


def _share(one: Reading, limits: Limits) -> float:
    return 100 * one.mem_used / limits.memory if limits.memory else 0.0


def _size(count: int) -> str:
    mebibytes = count / 2**20
    return f"{mebibytes / 1024:.4g} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"


def _clock(unix: float) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%H:%M:%S}"
