"""Why a sandbox is an orphan or is not: each enabled policy's rules, measured now beside what its last run found."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from dashboard.sandbox import reasoning
from sandboxes.cleanup.policy_book import spec_of, visible
from sandboxes.cleanup.reaper.facts import Fleet, fleet_of
from sandboxes.cleanup.reaper.verdicts import complete
from sandboxes.fleet.search import SandboxRow
from sandboxes.models import Account, Policy
from sandboxes.policies import Facts, PolicyError, PolicySpec, explain


@dataclass(frozen=True)
class Opinion:
    """What one policy says: `hit` as of its last run, `rules` as the judge asks them now.

    `why_not` is the first rule that spares it, in the judge's words; `spared_by` the same where it moves with time.
    """

    policy: str
    mode: str
    action: str
    hit: bool
    rules: list[reasoning.Rule]
    why_not: str
    spared_by: reasoning.Rule | None = None

    @property
    def holding(self) -> int:
        """How many of the rules hold now."""
        return sum(rule.holds for rule in self.rules)


def opinions(row: SandboxRow, now: datetime) -> list[Opinion]:
    """Every enabled policy's at `now`, which is on our clock: first those that hold it for an orphan."""
    account = Account.objects.select_related("health").filter(name=row.account).first()
    if row.state == "ended" or account is None:
        return []
    fleet = fleet_of(account, Q(pk=row.key))
    if row.key not in fleet.known:  # it has ended since
        return []
    found = [_opinion(policy, row, fleet, now) for policy in visible().filter(enabled=True)]
    return sorted(found, key=lambda one: (not one.hit, -one.holding))


def _opinion(policy: Policy, row: SandboxRow, fleet: Fleet, now: datetime) -> Opinion:
    hit = any(reason.policy == policy.name for reason in row.orphan.reasons)
    mode = policy.get_mode_display()
    try:
        spec = spec_of(policy)
    except PolicyError as wrong:
        return Opinion(
            policy.name, mode, policy.action, hit, [], _("the policy cannot be read: %(wrong)s") % {"wrong": wrong}
        )
    facts, at = _facts(spec, row.key, fleet, now), fleet.clock(now)
    asked = explain(spec, facts, at)
    spares = next((one.evidence for one in asked if not one.holds), _("all its rules hold since its last run"))
    rules, moving = reasoning.rules(spec, facts, at, asked), reasoning.spared_by(spec, facts, at, asked)
    return Opinion(policy.name, mode, policy.action, hit, rules, spares, moving)


def _facts(spec: PolicySpec, key: int, fleet: Fleet, now: datetime) -> Facts:
    """As the reaper gathers them, with its CPU and its place among its duplicates where the policy asks for them."""
    names, facts = spec.orphan_when.duplicate_of, fleet.known[key].facts
    same = {name: facts.metadata.get(name, "") for name in names} if isinstance(names, tuple) else {}
    if same and all(same.values()):
        around = fleet_of(fleet.account, Q(pk=key) | Q(metadata__contains=same))
        fleet = around if key in around.known else fleet
    return complete(spec, fleet, [fleet.known[key]], now, all_samples=True)[0].facts
