"""What came of a try is written down: arrived, to be tried again, or failed for good, and how the channel does."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from sandboxes.models import ChannelState, Delivery
from sandboxes.notifications import events, retrying
from sandboxes.notifications.claims import Claim
from sandboxes.notifications.outcomes import Outcome

State = Delivery.State
GAVE_UP = "gave up after 24 h: "


@transaction.atomic
def note(claim: Claim, outcome: Outcome, ms: int, now: datetime) -> None:
    """Ends a claim; `ms` is how long the try took. What was sent is sent, whatever came in between."""
    rows = Delivery.objects.filter(pk__in=[one.pk for one in claim.deliveries])
    if outcome.arrived:
        rows.update(state=State.SENT, at=now, ms=ms, error="", answer=outcome.answer, next_try_at=None, held=False)
    else:
        _failed(claim, rows.filter(state=State.WAITING), outcome, now)
    _state(claim, outcome, ms, now)


def _failed(claim: Claim, rows: QuerySet[Delivery], outcome: Outcome, now: datetime) -> None:
    pause = None if outcome.final else retrying.pause(claim.deliveries[0].attempts, outcome.retry_after)
    if pause is not None:
        rows.update(next_try_at=now + pause, at=now, error=outcome.error, answer=outcome.answer)
        return
    error = outcome.error if outcome.final else GAVE_UP + outcome.error
    rows.update(state=State.FAILED, at=now, error=error, answer=outcome.answer, next_try_at=None, held=False)
    _without_firing(claim)


def _without_firing(claim: Claim) -> None:
    """Where a firing did not arrive, nobody is told how it went on."""
    for one in claim.deliveries:
        if one.notification.type != events.FIRING:
            continue
        here = Delivery.objects.filter(channel=claim.channel, notification__subject=one.notification.subject)
        if not here.filter(notification__type=events.FIRING, state__in=(State.SENT, State.WAITING)).exists():
            after = here.filter(notification__type__in=events.FOLLOWING, state=State.WAITING)
            after.update(state=State.SUPPRESSED, error="its firing did not arrive here", next_try_at=None)


def _state(claim: Claim, outcome: Outcome, ms: int, now: datetime) -> None:
    state = ChannelState.objects.select_for_update().filter(channel_id=claim.channel.pk).first()
    if state is None:
        return  # removed meanwhile
    if outcome.arrived:
        state.last_sent_at, state.ms, state.failing_since, state.error = now, ms, None, ""
    else:
        state.failing_since, state.error = state.failing_since or now, outcome.error
    if state.leased_by == claim.lease:
        state.leased_by = state.leased_until = None
    state.save()
