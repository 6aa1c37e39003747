"""A policy replayed over a record of the past: whom it would have held and acted on, as the live judge says. Pure.

Nothing is sampled: a life is cut where a fact changes, and within a piece the judge is asked once, at the first moment
at which all limits are over. So a week of ten thousand lives takes seconds, and the reaper, who asks the same judge
at each of its rounds, comes to the same end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sandboxes.policies import PolicySpec, Reason, judge
from sandboxes.whatif.idle import Chain, Minutes, idle_spans, window_at
from sandboxes.whatif.past import Life, Over, Stretch, facts_in, stretches
from sandboxes.whatif.ripening import Limits, ripe_at

ROUND: Final = timedelta(seconds=15)  # the beat of the reaper
Quiet = Callable[[datetime], bool]


@dataclass(frozen=True, slots=True)
class Held:
    """In [since, until) the policy held it for an orphan; `open` when the record ended before that did."""

    since: datetime
    until: datetime
    reasons: tuple[Reason, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """What the policy would have done: marked at `marked_at`, acted at `at` after its grace and quiet hours."""

    life: Life
    marked_at: datetime
    at: datetime
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Past:
    """The record of [start, end): lives by key, with their quiet minutes where idleness was asked for."""

    start: datetime
    end: datetime
    lives: Sequence[Life]
    minutes: Mapping[int, Minutes]


def cut(life: Life, past: Past, over: Sequence[Over] = ()) -> list[Stretch]:
    """The stretches of a life within the record; `over` are its spans as a duplicate."""
    return list(stretches(life, past.start, past.end, over))


def held_spans(
    spec: PolicySpec, life: Life, past: Past, pieces: Iterable[Stretch], chains: Sequence[Chain] = ()
) -> Iterator[Held]:
    """The spans of the record in which the policy held this sandbox, in order; spans that touch are one.

    `pieces` are its stretches, `chains` its quiet minutes by this policy's limits.
    """
    limits = Limits.of(spec.orphan_when)
    last: Held | None = None
    for piece in pieces:
        for one in _held_in(spec, limits, life, past, piece, chains):
            if last is not None and last.until == one.since:
                last = Held(last.since, one.until, last.reasons, one.open)
                continue
            if last is not None:
                yield last
            last = one
    if last is not None:
        yield last


def act_in(spec: PolicySpec, life: Life, held: Held, is_quiet: Quiet) -> Act | None:
    """The act on a sandbox that is held so long: after grace, and after quiet hours."""
    at = _first_loud(held.since + timedelta(seconds=spec.grace_seconds), held.until, is_quiet)
    return Act(life, held.since, at, held.reasons) if at is not None else None


def may_be_idle(spec: PolicySpec, life: Life, pieces: Iterable[Stretch]) -> Stretch | None:
    """The first stretch in which nothing but idleness is left to ask: only from there are samples worth reading."""
    limits = Limits.of(spec.orphan_when)
    for piece in pieces:
        ripe = ripe_at(limits, life, piece)
        if ripe is not None and judge(spec, facts_in(life, piece), ripe, assume_idle=True).hit:
            return piece
    return None


def _held_in(
    spec: PolicySpec, limits: Limits, life: Life, past: Past, stretch: Stretch, chains: Sequence[Chain]
) -> Iterator[Held]:
    ripe = ripe_at(limits, life, stretch)
    if ripe is None:
        return
    if limits.idle_seconds is None:
        spans: Iterable[tuple[datetime, datetime]] = [(ripe, stretch.end)]
    else:
        spans = idle_spans(chains, limits.idle_seconds, stretch.started_at, ripe, stretch.end)
    for since, until in spans:
        cpu = None
        if limits.idle_seconds is not None:
            cpu = window_at(past.minutes[life.key], since, limits.idle_seconds)
        judgement = judge(spec, facts_in(life, stretch, cpu), since)
        if judgement.hit:
            yield Held(since, until, judgement.reasons, open=until == past.end)


def _first_loud(ripe: datetime, until: datetime, is_quiet: Quiet) -> datetime | None:
    """The first moment of [ripe, until) outside quiet hours; those begin and end with a minute."""
    at = ripe
    while at < until:
        if not is_quiet(at):
            return at
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return None
