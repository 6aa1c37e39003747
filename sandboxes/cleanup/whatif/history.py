"""Replays variants of one policy over the stored last week: the record is read once for all of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from sandboxes.base.clock import of_record
from sandboxes.base.pricing import PriceBooks
from sandboxes.cleanup.whatif import activity, record
from sandboxes.cleanup.whatif.duplicates import over_the_rest
from sandboxes.cleanup.whatif.idle import Chain, Minutes, chains
from sandboxes.cleanup.whatif.replay import Act, Held, Past, Quiet, Ripe, act_in, cut, held_spans, ripe_pieces
from sandboxes.cleanup.whatif.samples import Samples
from sandboxes.cleanup.whatif.tally import HOUR, HourTold, Outcome, Sign, by_hour, most_at_once, outcomes
from sandboxes.cleanup.whatif.timeline import Life, Over, Stretch
from sandboxes.core.prices import price_books
from sandboxes.fleet.last_signs import AT_WORK_PCT
from sandboxes.models import Account
from sandboxes.policies import OrphanWhen, PolicySpec, is_quiet
from sandboxes.policies.rules import largest_gap

LOOK_BACK: Final = timedelta(days=7)
AT_ONCE: Final = 2500  # lives whose samples are held at a time
FIRST_HOURS: Final = 4  # of samples, beyond window and grace: most that are idle at all are so soon
_ANY_IDLENESS: Final = {"idle_cpu_below_pct": UNSET, "idle_for_seconds": UNSET}
Pieces = Callable[["_Run", Life], Sequence[Stretch]]


@dataclass(frozen=True)
class History:
    """What one policy would have done in [start, end), each sandbox once: its first act on it.

    `outcomes` oldest first; `most_in_one_run` before any limit a run, as the breaker counts; `lives` are all sandboxes
    that the record of that span holds, `unjudged` those of them whose idleness is asked for and told by no sample.
    """

    start: datetime
    end: datetime
    lives: Sequence[Life]
    outcomes: Sequence[Outcome]
    hours: Sequence[HourTold]
    most_in_one_run: int
    unjudged: Sequence[Life]

    @property
    def lived(self) -> int:
        return len(self.lives)

    @property
    def would_have_hit(self) -> int:
        return len(self.outcomes)

    @property
    def showed_life_after(self) -> int:
        return sum(1 for one in self.outcomes if one.life_after is not None)

    @property
    def saved_usd(self) -> float:
        return round(sum(one.saved_usd for one in self.outcomes), 6)


def replay(specs: Sequence[PolicySpec], accounts: Sequence[Account], now: datetime) -> list[History]:
    """One history for each of `specs`, which ask for the same conditions with other limits, over these accounts.

    It replays as if each had been switched on, enforcing, where the record begins.
    """
    when = specs[0].orphan_when
    asks_idle, asks_lease = when.idle_for_seconds is not UNSET, when.no_lease_for_seconds is not UNSET
    start = record.reach(accounts, now - LOOK_BACK, now, samples=asks_idle, leases=asks_lease)
    if when.over_limit is not UNSET:  # who stood how against a limit at the time is on no record
        start = now
    past = Past(
        of_record(start),
        of_record(now),
        record.lives(accounts, start, now, with_moves=when.past_end_seconds is not UNSET),
    )
    runs = [_Run(spec, _over(spec, past), _quiet(spec)) for spec in specs]
    pieces = _pieces(past)
    if asks_idle:
        _through_samples(runs, past, pieces)
    else:
        for run in runs:
            for life in past.lives:
                run.through(life, list(ripe_pieces(run.spec, life, pieces(run, life))), _NOTHING)
    acted = {act.life.key: act.life for run in runs for act in run.acts}
    last = activity.last_signs(acted.values(), start, now, at_work_pct(specs[0]))
    prices = price_books()
    return [run.history(past, last, prices) for run in runs]


def at_work_pct(spec: PolicySpec) -> float:
    """From how much CPU, of all cores, a sandbox counts as used again: the policy's own limit, else that of pages."""
    limit = spec.orphan_when.idle_cpu_below_pct
    return AT_WORK_PCT if limit is UNSET else float(limit)


def _through_samples(runs: Sequence["_Run"], past: Past, pieces: Pieces) -> None:
    """Of those alone whose idleness is all that is left to ask, samples are read, and no further than until the act."""
    longest = timedelta(seconds=max(run.idle_seconds for run in runs))
    ripe: dict[_Run, dict[int, list[Ripe]]] = {}
    for alike in _alike(runs):
        found = {life.key: list(ripe_pieces(alike[0].spec, life, pieces(alike[0], life))) for life in past.lives}
        some_held = {key: of_it for key, of_it in found.items() if of_it}
        for run in alike:
            ripe[run] = some_held
    worth = [life for life in past.lives if any(life.key in of_run for of_run in ripe.values())]
    hours = FIRST_HOURS + int((longest + timedelta(seconds=max(run.spec.grace_seconds for run in runs))) / HOUR)
    for first in range(0, len(worth), AT_ONCE):
        some = worth[first : first + AT_ONCE]
        starts = {
            life.key: min(of_run[life.key][0].since for of_run in ripe.values() if life.key in of_run) for life in some
        }
        oldest = past.start - LOOK_BACK
        samples = Samples({key: max(oldest, at - longest) for key, at in starts.items()}, past.end)
        _read_until_decided(ripe, some, samples, hours)


def _alike(runs: Sequence["_Run"]) -> Iterable[list["_Run"]]:
    """Those that differ in nothing but how idle is idle, and when they act."""
    found: dict[OrphanWhen, list[_Run]] = {}
    for run in runs:
        found.setdefault(replace(run.spec.orphan_when, **_ANY_IDLENESS), []).append(run)
    return found.values()


def _read_until_decided(
    ripe: Mapping["_Run", Mapping[int, Sequence[Ripe]]], lives: Sequence[Life], samples: Samples, hours: int
) -> None:
    """Reads so many hours of each life, then four times as many of those left, until each policy has its answer."""
    left = {life.key: (life, [run for run, of_run in ripe.items() if life.key in of_run]) for life in lives}
    while left:
        samples.read_on(left, hours)
        hours *= 4
        for key, (life, asking) in list(left.items()):
            told = _Told(samples.of(key), samples.reached(key), samples.is_whole(key, life.ended_at))
            still = [run for run in asking if not run.through(life, ripe[run][key], told)]
            if still:
                left[key] = life, still
            else:
                del left[key]


@dataclass
class _Told:
    """One sandbox's samples as far as they are read, `until` then; `whole` when there are no more."""

    minutes: Minutes | None = None
    until: datetime | None = None
    whole: bool = True
    chains: dict[tuple[float, float], Sequence[Chain]] = field(default_factory=dict)

    def quiet(self, below_pct: float, seconds: int) -> Sequence[Chain]:
        """Its quiet minutes, found once for all policies with these limits."""
        asked = below_pct, largest_gap(seconds)
        if asked not in self.chains:
            self.chains[asked] = list(chains(self.minutes, *asked)) if self.minutes is not None else ()
        return self.chains[asked]


@dataclass(eq=False)
class _Run:
    """One policy on its way through the record, part by part."""

    spec: PolicySpec
    over: Mapping[int, Sequence[Over]]
    quiet: Quiet
    acts: list[Act] = field(default_factory=list)
    seen: list[tuple[str, Held, datetime]] = field(default_factory=list)
    unjudged: list[Life] = field(default_factory=list)

    @property
    def idle_seconds(self) -> int:
        seconds = self.spec.orphan_when.idle_for_seconds
        return seconds if isinstance(seconds, int) else 0

    def through(self, life: Life, ripe: Sequence[Ripe], told: _Told) -> bool:
        """Whether its samples tell already what this policy would have done to it: all that until its first act."""
        when, act = self.spec.orphan_when, None
        quiet: Sequence[Chain] = ()
        if isinstance(when.idle_cpu_below_pct, int | float):
            quiet = told.quiet(float(when.idle_cpu_below_pct), self.idle_seconds)
        seen = []
        for held in held_spans(self.spec, ripe, quiet):
            act = act_in(self.spec, life, held, self.quiet, told.minutes)
            seen.append((life.account, held, act.at if act is not None else held.until))
            if act is not None:
                break
        if not told.whole and (act is None or told.until is None or act.at >= told.until):
            return False
        self.seen += seen
        if act is not None:
            self.acts.append(act)
        elif told.minutes is None and any(self._could_be_idle(one) for one in ripe):
            self.unjudged.append(life)
        return True

    def _could_be_idle(self, ripe: Ripe) -> bool:
        """Whether that stretch of it is long enough to be idle for as long as is asked, and to be acted on then."""
        needs = timedelta(seconds=self.idle_seconds + self.spec.grace_seconds)
        return bool(self.idle_seconds) and ripe.stretch.end - ripe.stretch.started_at >= needs

    def history(self, past: Past, last: Mapping[int, Sign], prices: PriceBooks) -> History:
        told = outcomes(self.acts, last, self.spec.action, prices, past.end)
        acts = [(one.at, one.life_after is not None) for one in told]
        hours = by_hour(acts, past.start, past.end)
        return History(past.start, past.end, past.lives, told, hours, most_at_once(self.seen), self.unjudged)


_NOTHING: Final = _Told()


def _pieces(past: Past) -> Pieces:
    """The stretches of each life, cut once for all policies that are not after duplicates."""
    known: dict[int, list[Stretch]] = {}

    def of(run: _Run, life: Life) -> Sequence[Stretch]:
        over = run.over.get(life.key)
        if over:
            return cut(life, past, over)
        if life.key not in known:
            known[life.key] = cut(life, past)
        return known[life.key]

    return of


def _over(spec: PolicySpec, past: Past) -> Mapping[int, Sequence[Over]]:
    when = spec.orphan_when
    if not isinstance(when.duplicate_of, tuple):
        return {}
    return over_the_rest(past.lives, when.duplicate_of, when.keep if isinstance(when.keep, int) else 1, past.end)


def _quiet(spec: PolicySpec) -> Quiet:
    """Whether a moment is in quiet hours, each minute asked once."""
    if not spec.quiet_hours:
        return lambda _: False
    known: dict[int, bool] = {}

    def asked(at: datetime) -> bool:
        minute = int(at.timestamp()) // 60
        if minute not in known:
            known[minute] = is_quiet(spec.quiet_hours, at)
        return known[minute]

    return asked
