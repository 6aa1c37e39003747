"""A policy replayed over a record of the past: whom it would have held and acted on, as the live judge says. Pure.

Nothing is sampled: a life is cut where a fact changes, and within a piece the judge is asked once, at the first moment
at which all limits are over. So a week of ten thousand lives takes seconds, and the reaper, who asks the same judge at
each of its rounds, comes to the same end.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    """In [since, until) the policy held it for an orphan; that began in `stretch`."""

    since: datetime
    until: datetime
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Act:
    """What the policy would have done: marked at `marked_at`, acted at `at` after its grace and quiet hours."""

    spec: PolicySpec
    life: Life
    stretch: Stretch
    marked_at: datetime
    at: datetime
    minutes: Minutes | None = None

    def reasons(self) -> tuple[Reason, ...]:
        """Why, in the judge's words, at the moment of the mark: of thousands of acts a few are shown."""
        seconds, cpu = self.spec.orphan_when.idle_for_seconds, None
        if self.minutes is not None and isinstance(seconds, int):
            cpu = window_at(self.minutes, self.marked_at, seconds)
        return judge(self.spec, facts_in(self.life, self.stretch, cpu), self.marked_at).reasons


@dataclass(frozen=True)
class Past:
    """The record of [start, end)."""

    start: datetime
    end: datetime
    lives: Sequence[Life]


def cut(life: Life, past: Past, over: Sequence[Over] = ()) -> list[Stretch]:
    """The stretches of a life within the record; `over` are its spans as a duplicate."""
    return list(stretches(life, past.start, past.end, over))


def held_spans(spec: PolicySpec, life: Life, pieces: Iterable[Stretch], chains: Sequence[Chain] = ()) -> Iterator[Held]:
    """The spans of the record in which the policy held this sandbox, in order; spans that touch are one.

    `pieces` are its stretches, `chains` its quiet minutes by this policy's limits.
    """
    limits = Limits.of(spec.orphan_when)
    last: Held | None = None
    for piece in pieces:
        for one in _held_in(spec, limits, life, piece, chains):
            if last is not None and last.until == one.since:
                last = Held(last.since, one.until, last.stretch)
                continue
            if last is not None:
                yield last
            last = one
    if last is not None:
        yield last


def act_in(spec: PolicySpec, life: Life, held: Held, is_quiet: Quiet, minutes: Minutes | None = None) -> Act | None:
    """The act on a sandbox that is held so long: after grace and quiet hours. Its idleness is told from `minutes`."""
    at = _first_loud(held.since + timedelta(seconds=spec.grace_seconds), held.until, is_quiet)
    if at is None:
        return None
    seconds = spec.orphan_when.idle_for_seconds
    window = minutes.before(held.since, seconds) if minutes is not None and isinstance(seconds, int) else None
    return Act(spec, life, held.stretch, held.since, at, window)


def may_be_idle(spec: PolicySpec, life: Life, pieces: Iterable[Stretch]) -> Stretch | None:
    """The first stretch in which nothing but idleness is left to ask: only from there are samples worth reading."""
    limits = Limits.of(spec.orphan_when)
    for piece in pieces:
        ripe = ripe_at(limits, life, piece)
        if ripe is not None and judge(spec, facts_in(life, piece), ripe, assume_idle=True).hit:
            return piece
    return None


def _held_in(spec: PolicySpec, limits: Limits, life: Life, stretch: Stretch, chains: Sequence[Chain]) -> Iterator[Held]:
    """The judge is asked once, at the first of these spans: in a stretch only idleness comes and goes."""
    ripe = ripe_at(limits, life, stretch)
    if ripe is None:
        return
    if limits.idle_seconds is None:
        spans: Iterable[tuple[datetime, datetime]] = [(ripe, stretch.end)]
    else:
        spans = idle_spans(chains, limits.idle_seconds, stretch.started_at, ripe, stretch.end)
    asked = False
    for since, until in spans:
        if not asked and not judge(spec, facts_in(life, stretch), since, assume_idle=True).hit:
            return
        asked = True
        yield Held(since, until, stretch)


def _first_loud(ripe: datetime, until: datetime, is_quiet: Quiet) -> datetime | None:
    """The first moment of [ripe, until) outside quiet hours; those begin and end with a minute."""
    at = ripe
    while at < until:
        if not is_quiet(at):
            return at
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return None
