"""Replays variants of one policy over the stored last week: the record is read once for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from msgspec import UNSET

from sandboxes.models import Account
from sandboxes.policies import PolicySpec
from sandboxes.prices import price_book
from sandboxes.reaper.brakes import is_quiet
from sandboxes.whatif import record, signs
from sandboxes.whatif.crowds import over_the_rest
from sandboxes.whatif.idle import Chain, chains, largest_gap
from sandboxes.whatif.past import Over
from sandboxes.whatif.replay import Act, Past, Quiet, act_on, held_spans, may_be_idle
from sandboxes.whatif.tally import HourTold, Outcome, by_hour, most_at_once, outcomes

LOOK_BACK: Final = timedelta(days=7)


@dataclass(frozen=True)
class History:
    """What one policy would have done in [start, end), each sandbox once: its first act on it.

    `outcomes` oldest first; `most_in_one_run` before any limit a run, as the breaker counts; `lived` is how many
    sandboxes the record of that span holds.
    """

    start: datetime
    end: datetime
    lived: int
    outcomes: Sequence[Outcome]
    hours: Sequence[HourTold]
    most_in_one_run: int

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
    past = _read(specs, accounts, now)
    ran = [_run(spec, past) for spec in specs]
    acted = {act.life.key: act.life for acts, _ in ran for act in acts}
    limit = specs[0].orphan_when.idle_cpu_below_pct
    at_work = signs.AT_WORK_PCT if limit is UNSET else float(limit)
    last = signs.last_signs(acted.values(), past.start, past.end, at_work)
    prices, found = price_book(), []
    for spec, (acts, most) in zip(specs, ran, strict=True):
        told = outcomes(acts, last, spec.action, prices, past.end)
        found.append(
            History(past.start, past.end, len(past.lives), told, by_hour(told, past.start, past.end), most)
        )  # fmt: skip
    return found


def _read(specs: Sequence[PolicySpec], accounts: Sequence[Account], now: datetime) -> Past:
    """The record that any of these policies asks for; samples only of those whose idleness is all that is left."""
    when = specs[0].orphan_when
    asks_idle, asks_lease = when.idle_for_seconds is not UNSET, when.no_lease_for_seconds is not UNSET
    start = record.reach(accounts, now - LOOK_BACK, now, samples=asks_idle, leases=asks_lease)
    lives = record.lives(accounts, start, now, with_moves=when.past_end_seconds is not UNSET)
    past = Past(start, now, lives, {})
    if not asks_idle:
        return past
    longest = max(spec.orphan_when.idle_for_seconds for spec in specs)  # type: ignore[type-var]
    worth: dict[int, datetime] = {}
    for spec in specs:
        over = _over(spec, past)
        for life in lives:
            for stretch in may_be_idle(spec, life, past, over.get(life.key, ())):
                worth[life.key] = min(stretch.start, worth.get(life.key, stretch.start))
                break
    since = min(worth.values(), default=now) - timedelta(seconds=float(longest))  # type: ignore[arg-type]
    return replace(past, minutes=signs.minutes_of(worth, max(since, start - LOOK_BACK), now))


def _run(spec: PolicySpec, past: Past) -> tuple[list[Act], int]:
    """The acts of one policy, and the most it would have hit in one run."""
    over, quiet = _over(spec, past), _quiet(spec)
    when, acts, seen = spec.orphan_when, [], []
    for life in past.lives:
        mine: tuple[Chain, ...] = ()
        if isinstance(when.idle_for_seconds, int) and isinstance(when.idle_cpu_below_pct, int | float):
            minutes = past.minutes.get(life.key)
            if not minutes:
                continue
            mine = tuple(chains(minutes, when.idle_cpu_below_pct, largest_gap(when.idle_for_seconds)))
        held = held_spans(spec, life, past, chains=mine, over=over.get(life.key, ()))
        if not held:
            continue
        act = act_on(spec, life, held, quiet)
        gone_at = act.at if act is not None and spec.action != "notify" else past.end
        seen += [(life.account, span, gone_at) for span in held if span.since <= gone_at]
        if act is not None:
            acts.append(act)
    return acts, most_at_once(seen)


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
            known[minute] = is_quiet(spec, at)
        return known[minute]

    return asked
