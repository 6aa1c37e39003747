"""The freeze switch for everything: policies judge on but start nothing; what people ask for goes on.

Marks stay in grace and stand still: when the freeze is lifted they have as long to go as they had when it began.
What a policy had queued and nobody has sent is called off.
"""

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from sandboxes.actions import announce
from sandboxes.cleanup.policy_book import void_marks
from sandboxes.core import live
from sandboxes.models import Action, Freeze

NO_ACCOUNT: Final = 0  # a freeze is of all of them


def current() -> Freeze | None:
    """The freeze that is on now, if one is."""
    return Freeze.objects.filter(lifted_at=None).first()


def why(freeze: Freeze) -> str:
    """It in a few words, as brakes are told."""
    return f"everything is frozen by {freeze.by}{f': {freeze.reason}' if freeze.reason else ''}"


def freeze(by: str, reason: str = "") -> Freeze:
    """Freezes, or gives the freeze that is on already: whose it is stays."""
    try:
        with transaction.atomic():
            made = Freeze.objects.create(at=timezone.now(), by=by, reason=reason)
    except IntegrityError:
        return Freeze.objects.get(lifted_at=None)
    # After the switch is on record: who would queue one more now is refused by it.
    void_marks(Action.objects.filter(state=Action.State.QUEUED), f"void: {why(made)}")
    _tell(made.at)
    return made


@transaction.atomic
def lift(by: str, now: datetime | None = None) -> Freeze | None:
    """Lifts the freeze and moves all marks on by as long as it lasted; None when nothing was frozen."""
    now = now or timezone.now()
    held = Freeze.objects.select_for_update().filter(lifted_at=None).first()
    if held is None:
        return None
    held.lifted_at, held.lifted_by = now, by
    held.save(update_fields=["lifted_at", "lifted_by"])
    marks = Action.objects.filter(state=Action.State.GRACE, requested_at__lte=held.at)
    keys = list(marks.values_list("pk", flat=True))
    marks.filter(pk__in=keys).update(act_at=F("act_at") + (now - held.at))
    announce.changed(Action.objects.filter(pk__in=keys).select_related("sandbox"))
    _tell(None)
    return held


def _tell(at: datetime | None) -> None:
    """Open pages hear it at once: what they count down stands still."""
    body = {"at": at.timestamp() if at else None}
    transaction.on_commit(lambda: live.publish("freeze", NO_ACCOUNT, body))
