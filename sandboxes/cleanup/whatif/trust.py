"""What the record proves of a policy: whom it would have acted on, and who of them was used again, and by what.

The policy is replayed over the last seven days as far as our record reaches, and what its dry run held besides is
added. It is ready to be enforced from READY of record with at most MOST_USED_AGAIN used again. Who can't be judged is
named with the reason, and counts on neither side.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sandboxes.cleanup.policy_book import spec_of
from sandboxes.cleanup.whatif import activity
from sandboxes.cleanup.whatif.history import LOOK_BACK, History, at_work_pct, replay
from sandboxes.cleanup.whatif.tally import HourTold, Sign, by_hour, saved_usd
from sandboxes.cleanup.whatif.timeline import Life
from sandboxes.core import accounts
from sandboxes.core.prices import price_books
from sandboxes.fleet.last_signs import sampled
from sandboxes.models import Action, Policy, Verdict
from sandboxes.policies import PolicySpec, Reason

READY: Final = LOOK_BACK
MOST_USED_AGAIN: Final = 0.05
EARLY: Final = timedelta(hours=1)  # who was acted on later than that had no time yet to be used again
SAMPLES_DUE: Final = timedelta(minutes=5)  # who ran on for so long has given samples, or nobody asked for them
USES: Final = (Action.Kind.RESUME, Action.Kind.TIMEOUT, Action.Kind.EXTEND, Action.Kind.PROTECT)
Unknown = Literal["killed", "early", "no_samples"]


class Judged(NamedTuple):
    """One that it would have acted on at `at`: `used_again` is its last sign of life since, `unknown` why there is no
    telling. `found_by`: its replay, its own dry run at the time, or both.
    """

    life: Life
    at: datetime
    reasons: Sequence[Reason]
    used_again: Sign | None
    unknown: Unknown | None
    saved_usd: float
    found_by: Literal["replay", "dry_run", "both"]


@dataclass(frozen=True)
class Trust:
    """The record of [start, end), in which `lived` sandboxes lived; `items` oldest first.

    `unjudged` are the IDs of those whose idleness no sample tells. `dry_since` is when its dry run first held one;
    None where none has been noted.
    """

    spec: PolicySpec
    start: datetime
    end: datetime
    lived: int
    items: Sequence[Judged]
    unjudged: Sequence[str]
    dry_since: datetime | None

    @property
    def covered(self) -> timedelta:
        """How much of the past it rests on."""
        return self.end - self.start

    @property
    def used_again(self) -> Sequence[Judged]:
        return [item for item in self.items if item.used_again is not None]

    @property
    def not_used_again(self) -> Sequence[Judged]:
        return [item for item in self.items if item.used_again is None and item.unknown is None]

    @property
    def unknown(self) -> Sequence[Judged]:
        return [item for item in self.items if item.unknown is not None]

    @property
    def share(self) -> float | None:
        """Of those that can be judged, who was used again, 0 to 1; None when none can be."""
        judged = len(self.items) - len(self.unknown)
        return len(self.used_again) / judged if judged else None

    @property
    def saved_usd(self) -> float:
        """What they all cost from then on, those used again too."""
        return round(sum(item.saved_usd for item in self.items), 6)

    @property
    def lacks(self) -> Sequence[Literal["days", "judgeable", "used_again"]]:
        """What speaks against enforcing it; empty when it is ready."""
        found: list[Literal["days", "judgeable", "used_again"]] = []
        if self.covered < READY - timedelta(minutes=1):
            found.append("days")
        if self.items and self.share is None:
            found.append("judgeable")
        if self.share is not None and self.share > MOST_USED_AGAIN:
            found.append("used_again")
        return found

    @property
    def by_sign(self) -> Mapping[str, int]:
        """How many were used again by what, the most first."""
        return dict(Counter(item.used_again.what for item in self.items if item.used_again is not None).most_common())

    @property
    def hours(self) -> Sequence[HourTold]:
        """Hour by hour, how many it would have acted on and how many of those were used again."""
        return by_hour([(item.at, item.used_again is not None) for item in self.items], self.start, self.end)

    @property
    def is_ready(self) -> bool:
        return not self.lacks


def trust(policy: Policy, now: datetime) -> Trust:
    """What the record up to `now` (our clock) proves of the policy. Raises PolicyError when it can't be meant."""
    spec = spec_of(policy)
    asked = [one for one in accounts.fleets() if not spec.match.accounts or one.name in spec.match.accounts]
    (history,) = replay([spec], asked, now)
    noted = _noted(policy, spec, history)
    evidence = _Evidence(policy, spec, history, noted)
    items = [evidence.judged(find) for find in (*_replayed(history, noted), *evidence.of_dry_run_alone())]
    dry_since = Verdict.objects.filter(policy=policy, policy_version=policy.version).order_by("since").first()
    return Trust(
        spec, history.start, history.end, len(history.lives),
        sorted(items, key=lambda one: (one.at, one.life.sandbox_id)),
        sorted(life.sandbox_id for life in history.unjudged), dry_since.since if dry_since else None,
    )  # fmt: skip


class _Find(NamedTuple):
    life: Life
    at: datetime
    reasons: Sequence[Reason]
    saved_usd: float
    found_by: Literal["replay", "dry_run", "both"]


def _noted(policy: Policy, spec: PolicySpec, history: History) -> dict[int, Verdict]:
    """By sandbox, the first verdict of this version that held for its whole grace period, within the record."""
    grace = timedelta(seconds=spec.grace_seconds)
    rows = Verdict.objects.filter(
        policy=policy, policy_version=policy.version, since__gte=history.start, spared_why=""
    ).order_by("-since")
    held = [row for row in rows if (row.until or history.end) - row.since >= grace and row.since + grace < history.end]
    return {row.sandbox_id: row for row in held}


def _replayed(history: History, noted: Mapping[int, Verdict]) -> Sequence[_Find]:
    return [
        _Find(one.life, one.at, one.reasons(), one.saved_usd, "both" if one.life.key in noted else "replay")
        for one in history.outcomes
    ]


class _Evidence:
    """What became of everyone after it would have been acted on."""

    def __init__(self, policy: Policy, spec: PolicySpec, history: History, noted: Mapping[int, Verdict]) -> None:
        replayed = {one.life.key for one in history.outcomes}
        self.spec, self.end, self.noted = spec, history.end, noted
        self.alone = [life for life in history.lives if life.key in noted and life.key not in replayed]
        lives = [*(one.life for one in history.outcomes), *self.alone]
        keys = [life.key for life in lives]
        self.signs = activity.last_signs(lives, history.start, history.end, at_work_pct(spec))
        self.requests = _requests(keys, history.start)
        self.samples = sampled(keys, history.start, history.end)
        killed = Action.objects.filter(
            policy=policy, kind=Action.Kind.KILL, state__in=(Action.State.DONE, Action.State.CONFIRMED),
            sandbox__in=keys,
        )  # fmt: skip
        self.killed = set(killed.values_list("sandbox_id", flat=True))

    def of_dry_run_alone(self) -> Sequence[_Find]:
        """Those that its dry run held and its replay does not: it knew facts that are no longer on record."""
        prices, grace = price_books(), timedelta(seconds=self.spec.grace_seconds)
        found = []
        for life in self.alone:
            verdict = self.noted[life.key]
            at = verdict.since + grace
            reasons = [Reason(one["rule"], one["evidence"]) for one in verdict.reasons]
            saved = saved_usd(life, at, self.spec.action, prices, self.end)
            found.append(_Find(life, at, reasons, saved, "dry_run"))
        return found

    def judged(self, find: _Find) -> Judged:
        """Used again, not, or not to be told."""
        life, at = find.life, find.at
        signs = [sign for sign in (self.signs.get(life.key), self.requests.get(life.key)) if sign and sign.at > at]
        sign = max(signs, key=lambda one: one.at, default=None)
        unknown = None if sign else self._unknown(life, at)
        return Judged(life, at, find.reasons, sign, unknown, find.saved_usd, find.found_by)

    def _unknown(self, life: Life, at: datetime) -> Unknown | None:
        if life.key in self.killed:
            return "killed"
        ran_on = any((run.ended_at or self.end) > at + SAMPLES_DUE for run in life.runs)
        if at > self.end - EARLY and (life.ended_at is None or life.ended_at > self.end):
            return "early"
        last = self.samples.get(life.key)
        return "no_samples" if ran_on and (last is None or last <= at) else None


def _requests(keys: Sequence[int], start: datetime) -> dict[int, Sign]:
    """The last time somebody asked through us for what only one who uses it asks for, by sandbox."""
    asked = Action.objects.filter(sandbox__in=keys, kind__in=USES, requested_at__gte=start).exclude(actor_kind="policy")
    newest_last = asked.order_by("requested_at").values_list("sandbox_id", "requested_at")
    return {key: Sign(at, "requested") for key, at in newest_last}
