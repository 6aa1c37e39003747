"""Approval by a second person: what is asked for waits ten minutes at most for another admin or operator to say yes.

On where `APPROVAL_ABOVE` is set: for bulk requests of more sandboxes than it says, for switching a policy to enforce,
for raising an account's safety limit, for lifting a freeze.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from sandboxes.actions import announce, bulk
from sandboxes.cleanup import freezing, policy_book
from sandboxes.core import acting
from sandboxes.models import Account, Approval, BulkRequest, Policy
from sandboxes.policies import PolicySpec, as_dict, parse

LASTS: Final = timedelta(minutes=10)
Kind, State = Approval.Kind, Approval.State


@dataclass(frozen=True)
class Asking:
    """Who asks: as the audit names them, and the person behind a token."""

    kind: Literal["user", "token"]
    name: str
    person: int | None


class NotDecided(ValueError):
    """It can't be decided so: it waits no longer, or whoever decides has asked for it themselves."""


def is_needed(kind: str, count: int = 0) -> bool:
    """Whether this waits for a second person; `count` sandboxes for a bulk request."""
    above = settings.APPROVAL_ABOVE
    return above is not None and (kind != Kind.BULK or count > above)


def ask_bulk(by: Asking, wanted: BulkRequest, accounts: Collection[int], now: datetime) -> Approval:
    """For a bulk request that is held until then (`bulk.request_bulk` with `held`)."""
    summary = f"{wanted.kind} {len(wanted.keys):,} sandboxes{f': {wanted.reason}' if wanted.reason else ''}"
    return _ask(Kind.BULK, by, accounts, summary, {"bulk_id": str(wanted.bulk_id)}, now)


def ask_enforce(by: Asking, policy: Policy, spec: PolicySpec, now: datetime) -> Approval:
    """For the policy as it stands in this version, to be enforced as `spec` says."""
    names = list(spec.match.accounts)
    keys = list(Account.objects.filter(name__in=names).values_list("pk", flat=True)) if names else None
    wanted = {"policy": policy.pk, "version": policy.version, "spec": as_dict(spec)}
    return _ask(Kind.ENFORCE, by, keys, f"enforce policy {policy.name}, version {policy.version}", wanted, now)


def ask_brake(by: Asking, account: Account, limits: Mapping[str, int] | None, now: datetime) -> Approval:
    """For higher limits of all policies together on the account."""
    told = ", ".join(f"{most:,} {name.replace('_', ' ')}" for name, most in (limits or {}).items()) or "the default"
    wanted = {"account": account.pk, "brake": None if limits is None else dict(limits), "was": account.brake}
    return _ask(Kind.BRAKE, by, [account.pk], f"raise the safety limit of {account.name}: {told}", wanted, now)


def ask_unfreeze(by: Asking, now: datetime) -> Approval:
    """For lifting the freeze that is on."""
    return _ask(Kind.UNFREEZE, by, None, "unfreeze policies", {}, now)


def seen(held: Collection[int] | None) -> QuerySet[Approval]:
    """Those that concern no other account than these, the newest first; all for None."""
    found = Approval.objects.order_by("-id")
    return found if held is None else found.filter(accounts__contained_by=list(held))


def decide(approval: Approval, by: str, person: int, now: datetime, *, yes: bool) -> Approval:
    """Approves and does it, as whoever asked, or rejects it. Raises NotDecided."""
    with transaction.atomic():
        row = Approval.objects.select_for_update().get(pk=approval.pk)
        if row.state != State.WAITING or row.expires_at <= now:
            raise NotDecided(f"it is {State.EXPIRED if row.state == State.WAITING else row.state}")
        if row.person == person:
            raise NotDecided("whoever asked for it can't approve it" if yes else "cancel it by letting it expire")
        outcome = _DONE[row.kind](row) if yes else ""
        state = State.REJECTED if not yes else State.VOID if outcome else State.APPROVED
        _end(row, state, decided_by=by, decided_at=now, outcome=outcome)
    return row


def expire(now: datetime) -> int:
    """Ends what nobody decided in time; how many."""
    ended = 0
    for key in Approval.objects.filter(state=State.WAITING, expires_at__lte=now).values_list("pk", flat=True):
        with transaction.atomic():
            row = Approval.objects.select_for_update().filter(pk=key, state=State.WAITING).first()
            if row is not None:
                _end(row, State.EXPIRED)
                ended += 1
    return ended


def _ask(
    kind: str, by: Asking, accounts: Collection[int] | None, summary: str, wanted: dict[str, Any], now: datetime
) -> Approval:
    return Approval.objects.create(
        kind=kind, asked_kind=by.kind, asked_by=by.name, person=by.person, asked_at=now, expires_at=now + LASTS,
        accounts=None if accounts is None else sorted(accounts), summary=summary[:300], wanted=wanted,
    )  # fmt: skip


def _end(row: Approval, state: str, **fields: Any) -> None:
    """Stores what became of it. A bulk request that nobody approved is over: each of its sandboxes is told why."""
    Approval.objects.filter(pk=row.pk).update(state=state, **fields)
    row.refresh_from_db()
    if row.kind != Kind.BULK:
        return
    if row.state == State.APPROVED:
        transaction.on_commit(lambda: announce.wake(bulk.TASK))
    else:
        bulk.give_up(row.wanted["bulk_id"], f"not approved: {row.state}")


def _bulk(row: Approval) -> str:
    return "" if bulk.release(row.wanted["bulk_id"]) else "the request is gone"


def _enforce(row: Approval) -> str:
    policy = Policy.objects.select_for_update().filter(pk=row.wanted["policy"]).first()
    if policy is None or policy.version != row.wanted["version"]:
        return "the policy was changed meanwhile"
    with _as_whoever_asked(row):
        policy_book.write(parse(row.wanted["spec"]), policy)
    return ""


def _brake(row: Approval) -> str:
    account = Account.objects.select_for_update().filter(pk=row.wanted["account"]).first()
    if account is None or account.brake != row.wanted["was"]:
        return "the safety limit was changed meanwhile"
    with _as_whoever_asked(row):
        account.brake = row.wanted["brake"]
        account.save(update_fields=["brake"])
    return ""


def _unfreeze(row: Approval) -> str:
    with _as_whoever_asked(row):
        return "" if freezing.lift(row.asked_by) else "nothing was frozen any more"


def _as_whoever_asked(row: Approval) -> Any:
    return acting.acting(row.asked_kind, row.asked_by)  # type: ignore[arg-type]


_DONE: Final[Mapping[str, Callable[[Approval], str]]] = {
    Kind.BULK: _bulk,
    Kind.ENFORCE: _enforce,
    Kind.BRAKE: _brake,
    Kind.UNFREEZE: _unfreeze,
}
