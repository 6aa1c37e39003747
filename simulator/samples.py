"""The metrics of a sandbox as E2B answers them, worked out from its runs and its curve when they are asked for."""

from collections.abc import Iterator
from functools import cache
from math import ceil

import msgspec

from simulator import patterns, rfc3339
from simulator.errors import BadRequest
from simulator.patterns import Usage
from simulator.sandbox import Run, Sandbox

EVERY_SECONDS = 5
KEPT_SECONDS = 7 * 86_400
# The first sample comes a second after the start.
_FIRST_AFTER = 1
_MIB = 1024 * 1024
# Up to this range in seconds, this step.
_STEPS = ((3600, 5), (6 * 3600, 30), (12 * 3600, 60), (24 * 3600, 120), (7 * 86_400, 300))
_LONGEST_STEP = 900


class Metric(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """One metric in E2B's own words: bytes, and CPU in per cent of all cores together."""

    timestamp: str
    timestamp_unix: int
    cpu_count: int
    cpu_used_pct: float
    mem_used: int
    mem_total: int
    mem_cache: int
    disk_used: int
    disk_total: int


def latest(sandbox: Sandbox, now: float) -> Metric | None:
    """The newest raw sample, if there is one of the last seven days; also of what is paused or dead."""
    at = newest_at(sandbox, now)
    if at is None or at < now - KEPT_SECONDS:
        return None
    run = next(run for run in reversed(sandbox.runs) if run.started < at)
    return _metric(sandbox, at, usage_at(sandbox, run, at))


def newest_at(sandbox: Sandbox, now: float) -> int | None:
    """The Unix second of the newest sample, or None when there is none yet."""
    if not speaks(sandbox):
        return None
    for run in reversed(sandbox.runs):
        first, last = _span(run, now)
        if first <= last:
            return last - (last - first) % EVERY_SECONDS
    return None


def oldest_at(sandbox: Sandbox, now: float) -> int | None:
    """The Unix second of the oldest kept sample, or None when there is none."""
    return next(_times(sandbox, round(now) - KEPT_SECONDS, int(now), now), (None, None))[0]


def between(sandbox: Sandbox, start: int | None, end: int | None, now: float) -> list[Metric]:
    """The samples from `start` to `end` (Unix seconds, both included) in buckets, each field its own maximum.

    The step follows the range, as E2B's does. BadRequest when the range begins after its end, which a `start` alone
    does when it is later than the newest sample.
    """
    begin = start if start is not None else oldest_at(sandbox, now)
    finish = end if end is not None else newest_at(sandbox, now)
    if begin is None and finish is None:
        return []
    begin, finish = begin or 0, finish or 0
    if begin > finish:
        raise BadRequest("start time cannot be after end time")
    return _buckets(sandbox, begin, finish, step_for(finish - begin), now)


def step_for(range_seconds: int) -> int:
    """The step in seconds E2B picks for a range."""
    return next((step for limit, step in _STEPS if range_seconds < limit), _LONGEST_STEP)


def speaks(sandbox: Sandbox) -> bool:
    """Whether the agent inside is new enough to tell metrics (envd 0.1.5)."""
    return _version(sandbox.template.envd_version) >= (0, 1, 5)


def usage_at(sandbox: Sandbox, run: Run, at: int) -> Usage:
    """The curve's reading at Unix second `at` within that run."""
    return patterns.usage(sandbox.curve, run.offset + at - run.started, at)


def _buckets(sandbox: Sandbox, start: int, end: int, step: int, now: float) -> list[Metric]:
    answer: list[Metric] = []
    bucket, most = -1, Usage(0.0, 0.0, 0.0, 0.0)
    for at, run in _times(sandbox, max(start, round(now) - KEPT_SECONDS), end, now):
        usage, place = usage_at(sandbox, run, at), at - at % step
        if place == bucket:
            usage = _maximum(usage, most)
        elif bucket >= 0:
            answer.append(_metric(sandbox, bucket, most))
        bucket, most = place, usage
    if bucket >= 0:
        answer.append(_metric(sandbox, bucket, most))
    return answer


def _maximum(one: Usage, other: Usage) -> Usage:
    return Usage(
        max(one.cpu_pct, other.cpu_pct),
        max(one.memory, other.memory),
        max(one.cache, other.cache),
        max(one.disk, other.disk),
    )


def _times(sandbox: Sandbox, start: int, end: int, now: float) -> Iterator[tuple[int, Run]]:
    """The raw sample times from `start` to `end`, oldest first, each with its run."""
    if not speaks(sandbox):
        return
    for run in sandbox.runs:
        first, last = _span(run, now)
        if first < start:
            first += ceil((start - first) / EVERY_SECONDS) * EVERY_SECONDS
        for at in range(first, min(last, end) + 1, EVERY_SECONDS):
            yield at, run


def _span(run: Run, now: float) -> tuple[int, int]:
    return ceil(run.started) + _FIRST_AFTER, int(now if run.ended is None else min(now, run.ended))


def _metric(sandbox: Sandbox, at: int, usage: Usage) -> Metric:
    template = sandbox.template
    memory, disk = template.memory_mb * _MIB, template.disk_mb * _MIB
    version = _version(template.envd_version)
    return Metric(
        timestamp=rfc3339.text(at),
        timestamp_unix=at,
        cpu_count=template.cpu_count,
        cpu_used_pct=round(usage.cpu_pct, 2),
        mem_used=int(usage.memory * memory),
        mem_total=memory,
        mem_cache=int(usage.cache * memory) if version >= (0, 5, 9) else 0,
        disk_used=int(usage.disk * disk) if version >= (0, 2, 4) else 0,
        disk_total=disk if version >= (0, 2, 4) else 0,
    )


@cache
def _version(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in written.split("."))
