"""What a rule would have fired: figures of the past, stepped through as a round would have judged them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from sandboxes.alerts.rules.figures import Figure, Level, level_of
from sandboxes.alerts.rules.life import Watch, step
from sandboxes.alerts.rules.spec import AlertRuleSpec, is_below

FINE: Final = timedelta(seconds=10)  # in the last day
COARSE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
Group = tuple[str, ...]


class Segment(Struct, frozen=True):
    """A figure that holds from `since` (included) to `until` (excluded)."""

    since: datetime
    until: datetime
    value: float


class Span(Struct, frozen=True):
    """One sandbox (or act) that counts `weight` from `since` to `until`."""

    since: datetime
    until: datetime
    weight: float = 1.0


class Episode(Struct, frozen=True):
    """From the first judgement beyond the limit until it is over; `until` is None while it still fires."""

    since: datetime
    until: datetime | None
    peak: float


def counted(spans: Iterable[Span], since: datetime, until: datetime) -> list[Segment]:
    """How much counts at each moment of [since, until): the spans added up."""
    moves: dict[datetime, float] = {}
    for one in spans:
        begin, end = max(one.since, since), min(one.until, until)
        if begin < end:
            moves[begin] = moves.get(begin, 0.0) + one.weight
            moves[end] = moves.get(end, 0.0) - one.weight
    found, value, times = [], 0.0, sorted(moves)
    for at, following in zip(times, [*times[1:], until], strict=True):
        value += moves[at]
        if at < following:
            found.append(Segment(at, following, round(value, 9)))
    return found


def episodes(spec: AlertRuleSpec, segments: Sequence[Segment], since: datetime, until: datetime) -> list[Episode]:
    """What it would have fired for one group, judged each minute, and each ten seconds of the last day.

    Between segments the figure is clear of the limit.
    """
    found: list[Episode] = []
    watch: Watch | None = None
    peak = 0.0
    for at, value in _judgements(spec, segments, since, until):
        level = Level.CLEAR if value is None else level_of(spec, Figure(value=value))
        was = watch
        watch = step(watch, level, at, spec.for_seconds, longest=COARSE.total_seconds())
        if watch is not None and level is Level.OVER and value is not None:
            peak = value if was is None else (min if is_below(spec) else max)(peak, value)
        if was is not None and was.firing and watch is None:
            found.append(Episode(was.since, at, peak))
    if watch is not None and watch.firing:
        found.append(Episode(watch.since, None, peak))
    return found


def totals(found: Mapping[Group, Sequence[Episode]], until: datetime) -> tuple[int, float]:
    """How often it would have fired, and for how many seconds in all."""
    every = [one for episodes_of in found.values() for one in episodes_of]
    return len(every), sum(((one.until or until) - one.since).total_seconds() for one in every)


def _judgements(
    spec: AlertRuleSpec, segments: Sequence[Segment], since: datetime, until: datetime
) -> Iterator[tuple[datetime, float | None]]:
    """Times and figures of the judgements that matter: in what is not clear, and until an alert after it is over."""
    tail = timedelta(seconds=min(spec.for_seconds, 60)) + 3 * COARSE
    beyond = [one for one in segments if level_of(spec, Figure(value=one.value)) is not Level.CLEAR]
    last, fine_from = since, until - DAY
    for place, one in enumerate(beyond):
        at = _on_grid(max(one.since, last), since, fine_from)
        while at < min(one.until, until):
            yield at, one.value
            at += FINE if at >= fine_from else COARSE
        following = beyond[place + 1].since if place + 1 < len(beyond) else until
        end = min(one.until + tail, following, until)
        while at < end:
            yield at, None
            at += FINE if at >= fine_from else COARSE
        last = at


def _on_grid(at: datetime, since: datetime, fine_from: datetime) -> datetime:
    """The first judgement at or after `at`."""
    begin, step_by = (since, COARSE) if at < fine_from else (fine_from, FINE)
    behind = (at - begin) % step_by
    return at if not behind else at + (step_by - behind)
