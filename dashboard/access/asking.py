"""Who asks for what waits for a second person, and who may decide it."""

from django.db.models import QuerySet
from django.utils import timezone

from dashboard.access.callers import Caller, may
from dashboard.access.rights import Verb
from dashboard.models import ApiToken
from sandboxes.cleanup import approvals
from sandboxes.cleanup.approvals import Asking
from sandboxes.models import Approval


def asking(caller: Caller) -> Asking:
    """The caller as the audit names them, and the person behind: of a token its maker."""
    kind, _, number = caller.key.partition(":")
    if kind == "user":
        return Asking("user", caller.name, int(number))
    made_by = ApiToken.objects.filter(pk=int(number)).values_list("made_by", flat=True).first()
    return Asking("token", caller.name, made_by)


def seen_by(caller: Caller) -> QuerySet[Approval]:
    """What concerns accounts of the caller alone, the newest first."""
    return approvals.seen(caller.rights.accounts)


def waiting_for(caller: Caller) -> list[Approval]:
    """What waits still, the oldest first."""
    waiting = seen_by(caller).filter(state=Approval.State.WAITING, expires_at__gt=timezone.now())
    return list(waiting.order_by("id"))


def may_decide(caller: Caller, approval: Approval) -> bool:
    """A person who may act in all accounts concerned, and has not asked for it themselves."""
    if caller.kind != "user" or not may(caller, Verb.ACT):
        return False
    reaches = caller.rights.accounts is None if approval.accounts is None else caller.rights.holds(approval.accounts)
    return reaches and asking(caller).person != approval.person


def decide(caller: Caller, approval: Approval, *, yes: bool) -> Approval:
    """Approves or rejects it. Raises NotDecided, for who may not decide it too."""
    if not may_decide(caller, approval):
        raise approvals.NotDecided("it waits for another admin or operator of all its accounts, signed in")
    return approvals.decide(approval, caller.name, asking(caller).person or 0, timezone.now(), yes=yes)
