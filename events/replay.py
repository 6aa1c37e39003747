"""A parked delivery is tried again: read by today's code, through the inbox like any other."""

from datetime import UTC, datetime

from events import inbox
from events.models import Delivery, LifecycleEvent
from events.retention import EVENTS_KEPT, too_old
from events.wire import Event, NotOneObject, Unreadable, parse_body, read_event
from events.writing import Arrival


class NotReplayed(Exception):
    """It stays as it was; says why."""


async def replay(delivery_id: int) -> Event:
    """The event of a parked delivery, taken in as of when it came; the delivery is closed.

    Raises NotReplayed when it can still not be taken in (the delivery then says why), Delivery.DoesNotExist, and
    psycopg.OperationalError when the database is away. An event that is held already is no failure.
    """
    delivery = await Delivery.objects.aget(pk=delivery_id)
    if delivery.state != Delivery.State.PARKED:
        raise NotReplayed(f"it is {delivery.state}, and only what is parked can be replayed")
    if delivery.source == LifecycleEvent.Source.OBSERVED:
        raise NotReplayed("we saw it in the list: the next look takes it in, if it still is so")
    now = datetime.now(UTC)
    try:
        event = read_event(parse_body(bytes(delivery.body)), now)
        if too_old(event.timestamp, now):
            raise NotReplayed(f"it happened over {EVENTS_KEPT.days} days ago, before what we keep")
        arrival = Arrival(delivery.account_id, delivery.source, delivery.received_at, event)
        await inbox.store([arrival], park=False)
    except (NotOneObject, Unreadable) as why:
        await _still_parked(delivery, str(why))
        raise NotReplayed(str(why)) from why
    except inbox.REFUSALS as error:
        await _still_parked(delivery, f"could not be taken in: {error}")
        raise NotReplayed(f"it could not be taken in: {error}") from error
    # Where the event carried its ID the inbox has closed it already, in the same transaction.
    await Delivery.objects.filter(pk=delivery.pk).aupdate(state=Delivery.State.REPLAYED)
    return event


async def _still_parked(delivery: Delivery, why: str) -> None:
    await Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PARKED).aupdate(reason=why[:2000])
