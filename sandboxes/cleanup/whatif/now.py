"""Whom a policy would hit this moment and why, whom it spares and by which rule, and what would hold it back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sandboxes.cleanup import freezing
from sandboxes.cleanup.reaper import brakes
from sandboxes.cleanup.reaper.facts import Fleet, fleet_of
from sandboxes.cleanup.reaper.verdicts import complete
from sandboxes.fleet import lease_coverage
from sandboxes.models import Account, Sandbox
from sandboxes.policies import PolicySpec, Reason, is_quiet, judge


@dataclass(frozen=True, slots=True)
class Hit:
    """A sandbox that the policy would hold for an orphan; `usd_per_hour` is what it costs now."""

    key: int
    sandbox_id: str
    account: str
    reasons: tuple[Reason, ...]
    usd_per_hour: float


@dataclass(frozen=True, slots=True)
class Brake:
    """Something that would keep the policy from acting now: `refuses` its whole run until a person resets it."""

    what: str
    why: str
    refuses: bool = False


@dataclass(frozen=True)
class Now:
    """`hits` oldest first; `spared` counts by rule, each sandbox by the first one; `fleet` is all that is alive.

    `wake`, where the policy pauses, are hits that wake on the next traffic to them, as far as E2B has told us.
    """

    fleet: int
    hits: Sequence[Hit]
    spared: Mapping[str, int]
    brakes: Sequence[Brake]
    wake: int = 0

    @property
    def evaluated(self) -> int:
        return len(self.hits) + sum(self.spared.values())

    @property
    def usd_per_hour(self) -> float:
        return round(sum(hit.usd_per_hour for hit in self.hits), 6)


def fleets_of(accounts: Sequence[Account]) -> list[Fleet]:
    """The facts of everyone alive, account by account: read once for a policy and its predecessor."""
    return [fleet_of(account) for account in accounts]


def hit_ids(spec: PolicySpec, fleets: Sequence[Fleet], now: datetime) -> set[str]:
    """The IDs of whom `spec` would hit now."""
    return {hit.sandbox_id for fleet in _matched(spec, fleets) for hit in _judged(spec, fleet, now)[0]}


def judged_now(
    spec: PolicySpec, fleets: Sequence[Fleet], now: datetime, held_back: Sequence[Brake] | None = None
) -> Now:
    """The judgement of `spec` on everyone alive in the accounts it matches, by the reaper's own facts.

    `held_back` is what `brakes_of_all` said at `now`: facts of a large fleet take longer to read than a heartbeat.
    """
    hits: list[Hit] = []
    spared: Counter[str] = Counter()
    held = list(brakes_of_all(spec, now) if held_back is None else held_back)
    for fleet in _matched(spec, fleets):
        found, kept = _judged(spec, fleet, now)
        hits += found
        spared += kept
        held += _brakes_of(spec, fleet, len(found), now)
    rows = Sandbox.objects.filter(pk__in=[hit.key for hit in hits])
    prices = dict(rows.values_list("pk", "burn_usd_per_hour"))
    pauses = spec.action == "pause" or spec.quarantine_seconds is not None
    wake = rows.filter(auto_resume=True).count() if pauses else 0
    priced = [replace(hit, usd_per_hour=float(prices.get(hit.key, 0))) for hit in hits]
    return Now(sum(len(fleet.known) for fleet in fleets), priced, dict(spared), held, wake)


def _matched(spec: PolicySpec, fleets: Sequence[Fleet]) -> list[Fleet]:
    return [fleet for fleet in fleets if not spec.match.accounts or fleet.account.name in spec.match.accounts]


def _judged(spec: PolicySpec, fleet: Fleet, now: datetime) -> tuple[list[Hit], Counter[str]]:
    at = fleet.clock(now)
    found: list[Hit] = []
    spared: Counter[str] = Counter()
    for one in complete(spec, fleet, list(fleet.known.values()), now):
        judgement = judge(spec, one.facts, at)
        if judgement.hit:
            found.append(Hit(one.key, one.facts.sandbox_id, one.facts.account, judgement.reasons, 0.0))
        else:
            spared[judgement.spared_by or "spared"] += 1
    return found, spared


def _brakes_of(spec: PolicySpec, fleet: Fleet, hits: int, now: datetime) -> list[Brake]:
    stale = brakes.stale_view(getattr(fleet.account, "health", None), now)
    tripped = brakes.breaker(hits, len(fleet.known), spec.max_fleet_fraction)
    found = [Brake("stale_view", f"{fleet.account.name}: {stale}")] if stale else []
    if tripped:
        found.append(Brake("breaker", f"{fleet.account.name}: {tripped}", refuses=True))
    return found


def brakes_of_all(spec: PolicySpec, now: datetime) -> list[Brake]:
    """What would hold the policy back on every account at `now`."""
    frozen = freezing.current()
    found = [Brake("frozen", freezing.why(frozen))] if frozen is not None else []
    if is_quiet(spec.quiet_hours, now):
        found.append(Brake("quiet_hours", "these are quiet hours: it would act after them"))
    if not lease_coverage.api_is_up(now):
        found.append(Brake("api_away", "our API has no fresh heartbeat, so owners can't renew their leases"))
    return found
