"""Steps that may wait for a second person: taken at once, or held back until somebody approves (`approvals`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from msgspec.structs import replace

from sandboxes.actions import brake, bulk
from sandboxes.actions.actor import Actor
from sandboxes.actions.bulk import Bulk
from sandboxes.cleanup import approvals, freezing, policy_book
from sandboxes.cleanup.approvals import Asking, Kind
from sandboxes.models import Account, Approval, BulkRequest, Policy, Sandbox
from sandboxes.policies import PolicySpec


@transaction.atomic
def request_bulk(
    by: Asking, sandbox_pks: Sequence[int], kind: str, now: datetime, **wanted: Any
) -> tuple[Bulk, Approval | None]:
    """As `bulk.request_bulk`, and what it waits for. The same `bulk_id` again waits for the same."""
    count = len(set(sandbox_pks))
    actor = Actor(by.kind, by.name)
    if not approvals.is_needed(Kind.BULK, count):
        return bulk.request_bulk(sandbox_pks, kind, actor, **wanted), None
    asked = bulk.request_bulk(sandbox_pks, kind, actor, **wanted, held=True)
    known = Approval.objects.filter(kind=Kind.BULK, wanted__bulk_id=str(asked.bulk_id)).first()
    if known is not None:
        return asked, known
    row = BulkRequest.objects.get(bulk_id=asked.bulk_id)
    accounts = Sandbox.objects.filter(pk__in=row.keys).order_by().values_list("account_id", flat=True).distinct()
    return asked, approvals.ask_bulk(by, row, list(accounts), now)


@transaction.atomic
def write_policy(by: Asking, spec: PolicySpec, policy: Policy | None, now: datetime) -> tuple[Policy, Approval | None]:
    """As `policy_book.write`; one that is to enforce is written as a dry run until it is approved."""
    same = policy is not None and policy_book.says(policy, spec)
    if same or not (spec.enabled and spec.mode == "enforce" and approvals.is_needed(Kind.ENFORCE)):
        return policy_book.write(spec, policy), None
    written = policy_book.write(replace(spec, mode="dry_run"), policy)
    return written, approvals.ask_enforce(by, written, spec, now)


def lift_freeze(by: Asking, label: str, now: datetime) -> Approval | None:
    """Lifts the freeze that is on, or gives what that waits for."""
    if not approvals.is_needed(Kind.UNFREEZE) or freezing.current() is None:
        freezing.lift(label)
        return None
    waiting = Approval.objects.filter(kind=Kind.UNFREEZE, state=Approval.State.WAITING, expires_at__gt=now).first()
    return waiting or approvals.ask_unfreeze(by, now)


def raise_brake(by: Asking, account: Account, limits: Mapping[str, int] | None, now: datetime) -> Approval | None:
    """What other limits of the account wait for; None where they are not higher, and may be stored at once."""
    if not approvals.is_needed(Kind.BRAKE):
        return None
    before, after = brake.limits_of(account, now), brake.limits_of(account, now, limits or {})
    if after.per_hour <= before.per_hour and after.per_day <= before.per_day:
        return None
    return approvals.ask_brake(by, account, limits, now)
