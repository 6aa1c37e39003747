"""A policy replayed over a record of the past: whom it would have held and acted on, as the live judge says. Pure.

Nothing is sampled: a life is cut where a fact changes, and within a piece the judge is asked once, at the first moment
at which all limits are over. So a week of ten thousand lives takes seconds, and the reaper, who asks the same judge at
each of its rounds, comes to the same end.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sandboxes.base.clock import BackendTime, of_record
from sandboxes.cleanup.whatif.due_times import Limits, ripe_at
from sandboxes.cleanup.whatif.idle import Chain, Minutes, idle_spans, window_at
from sandboxes.cleanup.whatif.timeline import Life, Over, Stretch, facts_in, stretches
from sandboxes.policies import PolicySpec, Reason, judge

ROUND: Final = timedelta(seconds=15)  # the beat of the reaper
Quiet = Callable[[datetime], bool]


class Ripe(NamedTuple):
    """A stretch that the policy holds from `since` on, idleness aside."""

    since: BackendTime
    stretch: Stretch


class Held(NamedTuple):
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
        return judge(self.spec, facts_in(self.life, self.stretch, cpu), of_record(self.marked_at)).reasons


@dataclass(frozen=True)
class Past:
    """The record of [start, end), by the backends' clocks like all in it."""

    start: BackendTime
    end: BackendTime
    lives: Sequence[Life]


def cut(life: Life, past: Past, over: Sequence[Over] = ()) -> list[Stretch]:
    """The stretches of a life within the record; `over` are its spans as a duplicate."""
    return list(stretches(life, past.start, past.end, over))


def ripe_pieces(spec: PolicySpec, life: Life, pieces: Iterable[Stretch]) -> Iterator[Ripe]:
    """Where nothing is left to ask but idleness, if that is asked for: the judge says so, once for each stretch."""
    limits = Limits.of(spec.orphan_when)
    for piece in pieces:
        since = ripe_at(limits, life, piece)
        if since is not None and judge(spec, facts_in(life, piece), since, assume_idle=True).hit:
            yield Ripe(since, piece)


def held_spans(spec: PolicySpec, ripe: Iterable[Ripe], chains: Sequence[Chain] = ()) -> Iterator[Held]:
    """The spans of the record in which the policy held one sandbox, in order; spans that touch are one.

    `ripe` are its `ripe_pieces`, `chains` its quiet minutes by this policy's limits.
    """
    last: Held | None = None
    for since, piece in ripe:
        for begins, until in _spans(spec, since, piece, chains):
            if last is not None and last.until == begins:
                last = Held(last.since, until, last.stretch)
                continue
            if last is not None:
                yield last
            last = Held(begins, until, piece)
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


def _spans(
    spec: PolicySpec, since: datetime, piece: Stretch, chains: Sequence[Chain]
) -> Iterable[tuple[datetime, datetime]]:
    seconds = spec.orphan_when.idle_for_seconds
    if not isinstance(seconds, int):
        return [(since, piece.end)]
    return idle_spans(chains, seconds, piece.started_at, since, piece.end)


def _first_loud(ripe: datetime, until: datetime, is_quiet: Quiet) -> datetime | None:
    """The first moment of [ripe, until) outside quiet hours; those begin and end with a minute."""
    at = ripe
    while at < until:
        if not is_quiet(at):
            return at
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return None
