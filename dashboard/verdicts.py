"""Why a sandbox is an orphan or is not: each enabled policy's rules, measured now beside what its last run said."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import UNSET

from dashboard import reasoning
from sandboxes.models import Account, Policy, Sandbox
from sandboxes.policies import (
    KEEP,
    DuplicatePlace,
    Facts,
    Keep,
    LeaseHeld,
    PolicyError,
    PolicySpec,
    Protection,
    duplicate_places,
    judge,
    pairs,
)
from sandboxes.policy_book import spec_of
from sandboxes.reaper.facts import cpu_windows
from sandboxes.search import SandboxRow


@dataclass(frozen=True)
class Opinion:
    """What one policy says: `hit` as of its last run, `rules` as measured now.

    `why_not` is the first thing that spares it, empty when all hold.
    """

    policy: str
    mode: str
    action: str
    hit: bool
    rules: list[reasoning.Rule]
    why_not: str

    @property
    def holding(self) -> int:
        """How many of the rules hold now."""
        return sum(rule.holds for rule in self.rules)


def opinions(row: SandboxRow, now: datetime) -> list[Opinion]:
    """Every enabled policy's: first those that hold it for an orphan."""
    if row.state == "ended":
        return []
    found = [_opinion(policy, row, now) for policy in Policy.objects.filter(enabled=True)]
    return sorted(found, key=lambda one: (not one.hit, -one.holding))


def _opinion(policy: Policy, row: SandboxRow, now: datetime) -> Opinion:
    hit = any(reason.policy == policy.name for reason in row.orphan.reasons)
    try:
        spec = spec_of(policy)
    except PolicyError as wrong:
        return Opinion(
            policy.name, policy.get_mode_display(), policy.action, hit, [], f"the policy cannot be read: {wrong}"
        )
    facts = _with_history(spec, facts_of(row, now), row, now)
    rules = reasoning.rules(spec, facts, now)
    return Opinion(policy.name, policy.get_mode_display(), policy.action, hit, rules, _why_not(spec, facts, rules, now))


def _why_not(spec: PolicySpec, facts: Facts, rules: Iterable[reasoning.Rule], now: datetime) -> str:
    broken = next((rule for rule in rules if not rule.holds), None)
    if broken is None:
        return "all its rules hold since its last run"
    judged = judge(spec, facts, now)
    said = f"{broken.before} {broken.measured} {broken.after}".strip()
    return judged.why or "; ".join(part for part in (said, broken.note) if part)


def _with_history(spec: PolicySpec, facts: Facts, row: SandboxRow, now: datetime) -> Facts:
    """The facts that cost a look: its CPU over the window that the policy names, its place among its duplicates."""
    seconds, keys = spec.orphan_when.idle_for_seconds, spec.orphan_when.duplicate_of
    if isinstance(seconds, int) and row.state == "running":
        account = Account.objects.get(name=row.account)
        facts = replace(facts, cpu=cpu_windows(account, [row.key], seconds, now).get(row.key))
    if keys is not UNSET and isinstance(keys, tuple):
        facts = replace(facts, duplicate=_place(row, facts, keys))
    return facts


def _place(row: SandboxRow, facts: Facts, keys: tuple[str, ...]) -> DuplicatePlace | None:
    """Among those alive in its account with the same values under these keys."""
    same = {key: row.metadata.get(key, "") for key in keys}
    if not all(same.values()):
        return None
    alive = Sandbox.objects.filter(account__name=row.account, metadata__contains=same).exclude(state="ended")
    twins = [
        replace(facts, sandbox_id=one, started_at=started_at, metadata=same)
        for one, started_at in alive.values_list("sandbox_id", "started_at")
    ]
    return duplicate_places(twins, keys).get(row.id)


def facts_of(row: SandboxRow, now: datetime) -> Facts:
    """What the page knows of it, as policies judge; without a look into its history."""
    lease, guarded = row.lease, row.protected
    live = lease is not None and lease.state == "live"
    return Facts(
        sandbox_id=row.id, account=row.account, state=row.state, template_id=row.template_id,
        template_name=row.template_name, created_at=row.created_at, started_at=row.started_at,
        first_seen_at=row.first_seen_at, end_at=row.end_at, paused_at=row.paused_at, metadata=row.metadata,
        lease=LeaseHeld(lease.key, lease.expires_at) if lease and live else None,
        last_lease_ended_at=lease.expires_at if lease and not live and lease.expires_at <= now else None,
        protection=Protection(guarded.by, guarded.reason, guarded.until) if guarded else None,
        keep=_keep_of(row.account),
    )  # fmt: skip


def _keep_of(account: str) -> Keep:
    words = Account.objects.filter(name=account).values_list("keep_metadata", flat=True).first()
    return KEEP if words is None else pairs(words)
