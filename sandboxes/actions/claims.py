"""The claim: under the guard's lock an action is taken for sending, with a number that its sender checks again.

From the claim on, a DELETE may have been sent. Time alone never undoes that: a claim that ran out is looked at
(`looking`), and only E2B's answer opens the sandbox again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from sandboxes import leases
from sandboxes.actions import announce
from sandboxes.actions.cancelling import close
from sandboxes.actions.permission import CONDEMNING
from sandboxes.models import Action, Freeze, Guard, Policy, Sandbox

BATCH = 64
# An HTTP deadline is shorter than its claim. A pause takes about 4 s per GiB of memory (E2B's docs).
DEADLINE_SECONDS = {"pause": 150.0}
DEFAULT_DEADLINE_SECONDS = 25.0
CLAIM_SLACK_SECONDS = 20.0

State = Action.State


@dataclass(frozen=True)
class Claim:
    """An action that this sender, and no other, may send until `until`."""

    action: Action
    number: int
    until: datetime

    @property
    def deadline_seconds(self) -> float:
        """How long the HTTP call may take, with its retries."""
        return deadline_seconds(self.action.kind)


def deadline_seconds(kind: str) -> float:
    """The longest an HTTP call for this kind may take."""
    return DEADLINE_SECONDS.get(kind, DEFAULT_DEADLINE_SECONDS)


@transaction.atomic
def claim_due(now: datetime, limit: int = BATCH) -> list[Claim]:
    """Claims what is queued and due, oldest first; guards that somebody else holds are left for the next time."""
    waiting = Action.objects.filter(state=State.QUEUED).filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=now))
    due = list(waiting.order_by("requested_at", "pk").values_list("pk", "sandbox__guard_id")[:limit])
    wanted = {guard for _, guard in due}
    rows = Guard.objects.select_for_update(skip_locked=True).filter(pk__in=wanted).order_by("pk")
    guards = {guard.pk: guard for guard in rows}
    actions = waiting.filter(pk__in=[pk for pk, _ in due], sandbox__guard_id__in=guards)
    ordered = list(actions.select_related("sandbox", "account", "policy").order_by("requested_at", "pk"))
    sent = Action.objects.filter(sandbox__guard_id__in=guards, state=State.SENT)
    busy = set(sent.values_list("sandbox__guard_id", flat=True))
    held = leases.holding([action.sandbox_id for action in ordered])
    claims = []
    for action in ordered:
        guard = guards[action.sandbox.guard_id]
        if guard.pk in busy:
            continue
        objection = _objection(action, guard, held.get(action.sandbox_id) is not None, now)
        if objection:
            close(action, outcome=objection)
            continue
        busy.add(guard.pk)
        claims.append(_claim(action, guard, now))
    announce.changed([claim.action for claim in claims])
    return claims


def still_mine(claim: Claim, now: datetime) -> bool:
    """Just before sending: the claim is the guard's last, and there is time for the whole call within it."""
    row = Action.objects.filter(pk=claim.action.pk, state=State.SENT, claim_number=claim.number)
    mine = row.filter(sandbox__guard__claim_number=claim.number).exists()
    return mine and now + timedelta(seconds=claim.deadline_seconds) < claim.until


def _claim(action: Action, guard: Guard, now: datetime) -> Claim:
    guard.claim_number += 1
    if action.kind in CONDEMNING:
        guard.condemned_by = action
    guard.save(update_fields=["claim_number", "condemned_by"])
    until = now + timedelta(seconds=deadline_seconds(action.kind) + CLAIM_SLACK_SECONDS)
    action.state, action.claim_number, action.claimed_until = State.SENT, guard.claim_number, until
    action.sent_at, action.attempts, action.next_attempt_at = now, action.attempts + 1, until
    action.save(update_fields=["state", "claim_number", "claimed_until", "sent_at", "attempts", "next_attempt_at"])
    return Claim(action, guard.claim_number, until)


def _objection(action: Action, guard: Guard, leased: bool, now: datetime) -> str:
    """Why a queued action may not go any more. A person's word is not undone by leases, protection or a policy."""
    by_policy_alone = action.actor_kind == "policy" and not action.parameters.get("joined")
    # A person's kill is sent all the same: E2B's 404 is then the answer that they get.
    if action.sandbox.state == Sandbox.State.ENDED and (by_policy_alone or action.kind != Action.Kind.KILL):
        return "void: the sandbox has ended"
    if guard.condemned_by_id not in (None, action.pk):
        return "void: another act is on its way"
    if not by_policy_alone:
        return ""
    if leased:
        return "spared: leased"
    if is_protected(guard, now):
        return "spared: protected"
    return policy_objection(action)


def is_protected(guard: Guard, now: datetime) -> bool:
    """Whether a person's protection holds at `now`."""
    return guard.protected and (guard.protected_until is None or guard.protected_until > now)


def policy_objection(action: Action) -> str:
    """Why a policy's action is void by the policy as it stands: a mark belongs to one version of an enforcing one."""
    policy = action.policy
    if policy is None:
        return "void: the policy was deleted"
    if policy.version != action.policy_version:
        return "void: the policy was changed"
    if not policy.enabled or policy.mode != Policy.Mode.ENFORCE:
        return "void: the policy does not enforce any more"
    if policy.breaker_tripped_at is not None:
        return "void: the policy's breaker has tripped"
    if Freeze.objects.filter(lifted_at=None).exists():
        return "void: everything is frozen"
    return ""
