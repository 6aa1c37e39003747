"""Parked deliveries are tried again: read by today's code, through the inbox like any other. One, or all there are."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from events import inbox
from events.models import Delivery, LifecycleEvent
from events.retention import EVENTS_KEPT, too_old
from events.wire import Event, NotOneObject, Unreadable, parse_body, read_event
from events.writing import Arrival

AT_MOST = 2_000  # deliveries that one request tries: some seconds
PAGE = 100  # in memory at a time, and in one transaction


class NotReplayed(Exception):
    """It stays as it was; says why."""


@dataclass(frozen=True)
class Tally:
    """What came of replaying many: taken in, still parked, and not tried yet because those come after `last`."""

    taken: int
    still: int
    left: int
    last: int


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
    event = await _read(delivery, datetime.now(UTC))
    try:
        await inbox.store([_arrival(delivery, event)], park=False)
    except Exception as error:
        if not inbox.is_the_events_own(error):
            raise
        await _still_parked(delivery, f"could not be taken in: {error}")
        raise NotReplayed(f"it could not be taken in: {error}") from error
    await _close([delivery.pk])
    return event


async def replay_all(account_ids: Collection[int], *, after: int = 0, at_most: int = AT_MOST) -> Tally:
    """Tries the parked deliveries of these accounts, oldest first, those with a key over `after`, `at_most` of them.

    Safe to stop and to ask for twice at once: each page is one transaction, and an event is kept once. Raises
    psycopg.OperationalError when the database is away; what was taken in before that stays.
    """
    parked = Delivery.objects.filter(account__in=account_ids, state=Delivery.State.PARKED)
    parked = parked.exclude(source=LifecycleEvent.Source.OBSERVED).order_by("pk")
    taken, tried, last = 0, 0, after
    while tried < at_most:
        page = [one async for one in parked.filter(pk__gt=last)[: min(PAGE, at_most - tried)]]
        if not page:
            break
        taken += await _replay_page(page)
        tried, last = tried + len(page), page[-1].pk
    return Tally(taken, tried - taken, await parked.filter(pk__gt=last).acount(), last)


async def _replay_page(page: Sequence[Delivery]) -> int:
    """How many of them were taken in; who cannot be says why on its row."""
    now = datetime.now(UTC)
    readable: dict[int, Arrival] = {}
    for delivery in page:
        with suppress(NotReplayed):  # it says why on its row, and is counted by the caller
            readable[delivery.pk] = _arrival(delivery, await _read(delivery, now))
    if not readable:
        return 0
    try:
        await inbox.store(list(readable.values()), park=False)
    except Exception as error:
        if not inbox.is_the_events_own(error):
            raise
        # One of them can't be taken in, and nothing of the page was: each by itself.
        return sum([await _taken_alone(key) for key in readable])
    await _close(list(readable))
    return len(readable)


async def _taken_alone(delivery_id: int) -> bool:
    try:
        await replay(delivery_id)
    except NotReplayed:
        return False
    return True


async def _read(delivery: Delivery, now: datetime) -> Event:
    """Its event. Raises NotReplayed; the delivery then says why."""
    try:
        event = read_event(parse_body(bytes(delivery.body)))
    except (NotOneObject, Unreadable) as why:
        await _still_parked(delivery, str(why))
        raise NotReplayed(str(why)) from why
    if too_old(event.timestamp, now):
        raise NotReplayed(f"it happened over {EVENTS_KEPT.days} days ago, before what we keep")
    return event


def _arrival(delivery: Delivery, event: Event) -> Arrival:
    return Arrival(delivery.account_id, delivery.source, delivery.received_at, event)


async def _close(keys: Sequence[int]) -> None:
    """Where an event carried its ID the inbox has closed it already, in the same transaction."""
    await Delivery.objects.filter(pk__in=keys).aupdate(state=Delivery.State.REPLAYED)


async def _still_parked(delivery: Delivery, why: str) -> None:
    rows = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PARKED)
    await rows.exclude(reason=why[:2000]).aupdate(reason=why[:2000])
