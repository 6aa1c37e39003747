"""A policy replayed over a record of the past: whom it would have held and acted on, as the live judge says. Pure.

Nothing is sampled: a life is cut where a fact changes, and within a piece the judge is asked once, at the first moment
at which all limits are over. So a week of ten thousand lives takes seconds, and the reaper, who asks the same judge
at each of its rounds, comes to the same end.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sandboxes.policies import PolicySpec, Reason, judge
from sandboxes.whatif.idle import Chain, Minute, idle_spans, window_at
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
    minutes: Mapping[int, Sequence[Minute]]


def held_spans(
    spec: PolicySpec, life: Life, past: Past, *, chains: Sequence[Chain] = (), over: Sequence[Over] = (),
    cut: Sequence[Stretch] | None = None,
) -> list[Held]:  # fmt: skip
    """The spans of the record in which the policy held this sandbox, in order; spans that touch are one.

    `chains` are its quiet minutes by this policy's limits, `over` its spans as a duplicate, `cut` its stretches where
    they are at hand.
    """
    limits = Limits.of(spec.orphan_when)
    found: list[Held] = []
    for stretch in stretches(life, past.start, past.end, over) if cut is None else cut:
        for one in _held_in(spec, limits, life, past, stretch, chains):
            if found and found[-1].until == one.since:
                found[-1] = Held(found[-1].since, one.until, found[-1].reasons, one.open)
            else:
                found.append(one)
    return found


def act_on(spec: PolicySpec, life: Life, held: Sequence[Held], is_quiet: Quiet) -> Act | None:
    """The first act: where a span lasts through grace, and quiet hours after it."""
    for one in held:
        at = _first_loud(one.since + timedelta(seconds=spec.grace_seconds), one.until, is_quiet)
        if at is not None:
            return Act(life, one.since, at, one.reasons)
    return None


def may_be_idle(spec: PolicySpec, life: Life, past: Past, over: Sequence[Over] = ()) -> Iterator[Stretch]:
    """The stretches in which nothing but idleness is left to ask: only there are samples worth reading."""
    limits = Limits.of(spec.orphan_when)
    for stretch in stretches(life, past.start, past.end, over):
        ripe = ripe_at(limits, life, stretch)
        if ripe is not None and judge(spec, facts_in(life, stretch), ripe, assume_idle=True).hit:
            yield stretch


def _held_in(
    spec: PolicySpec, limits: Limits, life: Life, past: Past, stretch: Stretch, chains: Sequence[Chain]
) -> Iterator[Held]:
    ripe = ripe_at(limits, life, stretch)
    if ripe is None:
        return
    if limits.idle_seconds is None:
        spans: Sequence[tuple[datetime, datetime]] = [(ripe, stretch.end)]
    else:
        spans = list(idle_spans(chains, limits.idle_seconds, stretch.started_at, ripe, stretch.end))
    for since, until in spans:
        cpu = None
        if limits.idle_seconds is not None:
            cpu = window_at(past.minutes.get(life.key, ()), since, limits.idle_seconds)
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
