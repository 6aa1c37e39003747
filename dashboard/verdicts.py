"""Why a sandbox is an orphan or is not, policy by policy and rule by rule."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec import UNSET

from dashboard import words
from sandboxes.models import Policy
from sandboxes.policies import PolicyError, PolicySpec, judge
from sandboxes.policies.facts import Facts, LeaseHeld, Protection
from sandboxes.policy_book import spec_of
from sandboxes.search import SandboxRow

RULES: Final = {
    "older_than_seconds": "Older than its limit",
    "no_lease_for_seconds": "No lease for too long",
    "missing_metadata": "Metadata is missing",
    "paused_for_seconds": "Paused for too long",
    "past_end_seconds": "Past its end",
    "duplicate_of": "A duplicate",
    "idle_for_seconds": "Idle for too long",
    "idle_cpu_below_pct": "CPU under its limit",
    "quarantine_seconds": "Still in our pause",
}
SPARED: Final = {
    "match.accounts": "another account",
    "match.states": "not in its states",
    "match.templates": "another template",
    "match.metadata": "other metadata",
    "lease": "a lease holds",
    "protected": "protected",
    "ended": "ended",
}


@dataclass(frozen=True)
class Rule:
    """One rule as it stands: whether it holds, and what shows it."""

    name: str
    holds: bool
    evidence: str


@dataclass(frozen=True)
class Opinion:
    """What one policy says. `rules` only of one that holds it for an orphan; `why_not` of one that does not."""

    policy: str
    mode: str
    action: str
    hit: bool
    rules: list[Rule]
    why_not: str


def opinions(row: SandboxRow, now: datetime) -> list[Opinion]:
    """Every enabled policy's: first those that hold it for an orphan, as of their last run."""
    if row.state == "ended":
        return []
    found = [_opinion(policy, row, now) for policy in Policy.objects.filter(enabled=True)]
    return sorted(found, key=lambda one: not one.hit)


def _opinion(policy: Policy, row: SandboxRow, now: datetime) -> Opinion:
    reasons = [reason for reason in row.orphan.reasons if reason.policy == policy.name]
    rules = [Rule(RULES.get(one.rule, one.rule), holds=True, evidence=str(one.evidence or "")) for one in reasons]
    why_not = "" if rules else _why_not(policy, row, now)
    return Opinion(policy.name, policy.get_mode_display(), policy.action, bool(rules), rules, why_not)


def _why_not(policy: Policy, row: SandboxRow, now: datetime) -> str:
    """The first thing that spares it, with the limit beside the measured value where there is one."""
    try:
        spec = spec_of(policy)
    except PolicyError as wrong:
        return f"the policy cannot be read: {wrong}"
    judged = judge(spec, facts_of(row, now), now)
    if judged.hit:
        return "holds since its last run"
    rule = judged.spared_by or ""
    return judged.why or _measured(spec, rule, row, now) or SPARED.get(rule) or f"{RULES.get(rule, rule)}: no"


def _measured(spec: PolicySpec, rule: str, row: SandboxRow, now: datetime) -> str:
    when = spec.orphan_when
    if rule == "older_than_seconds" and when.older_than_seconds is not UNSET:
        since = row.created_at if row.state == "paused" else row.started_at
        return f"{words.span((now - since).total_seconds())} old, limit {words.span(when.older_than_seconds)}"
    if rule == "past_end_seconds":
        return f"ends {words.relative(row.end_at, now)}" if row.end_at else "it has no end"
    return ""


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
    )  # fmt: skip
