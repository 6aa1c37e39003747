"""Deliveries as the backend recorded them: which tries failed, and events that no try brought, fetched at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from events import reconcile
from events.models import LifecycleEvent
from events.webhooks.view import Failure
from events.wire import event_id
from sandboxes.base.masking import mask
from sandboxes.core.locks import lock
from sandboxes.e2b import E2BClient, WebhookDeliveryGroup
from sandboxes.e2b.wire import MAX_SANDBOX_ID
from sandboxes.models import Account

SHOWN: Final = 5
FIRST_LOOK: Final = timedelta(hours=24)
OVERLAP: Final = timedelta(seconds=90)  # tries of one event, and the backend's own delay in recording them
PAGES: Final = 10
ONE_BY_ONE: Final = 20  # sandboxes; from there on a whole round of reconcile is cheaper


@dataclass(frozen=True)
class Found:
    """The latest failures since `start` (by the backend's clock), newest first, and how many events were fetched."""

    failures: tuple[Failure, ...]
    fetched: int
    start: datetime

    def with_former(self, former: Sequence[Failure]) -> tuple[Failure, ...]:
        """Those shown: what was found anew takes the place of what was known of the same time."""
        older = [one for one in former if one.at and one.at < self.start]
        return (*self.failures, *older)[:SHOWN]


async def look(account: Account, client: E2BClient, webhook_id: str, since: datetime | None, now: datetime) -> Found:
    """Reads the deliveries since `since`, when one failed. Raises E2BError.

    An event is lost when none of its tries succeeded and we do not hold it: that is asked of the events API now.
    """
    offset = timedelta(seconds=client.clock_offset_seconds)
    start = (since - OVERLAP if since else now - FIRST_LOOK) + offset
    if not (await client.delivery_stats(webhook_id, start=start)).failed:
        return Found((), 0, start)
    groups, all_read = await _deliveries(client, webhook_id, start)
    unheard = [group for group in groups if not group.arrived]
    missing = await _not_held(account, unheard)
    fetched = await _fetch(account, client, missing, everything=not all_read)
    return Found(_failures(groups), fetched, start)


async def _deliveries(client: E2BClient, webhook_id: str, start: datetime) -> tuple[list[WebhookDeliveryGroup], bool]:
    """Newest first; False when there were more than is worth reading page by page."""
    groups: list[WebhookDeliveryGroup] = []
    cursor = None
    for _ in range(PAGES):
        page = await client.deliveries(webhook_id, cursor=cursor, start=start)
        groups += page.data
        cursor = page.next_cursor
        if not cursor:
            return groups, True
    return groups, False


async def _not_held(account: Account, groups: Sequence[WebhookDeliveryGroup]) -> list[WebhookDeliveryGroup]:
    ids = {event_id(group.event_id): group for group in groups}
    found = LifecycleEvent.objects.filter(account=account, event_id__in=list(ids)).values_list("event_id", flat=True)
    held = {one async for one in found}
    return [group for one, group in ids.items() if one not in held]


async def _fetch(
    account: Account, client: E2BClient, missing: Sequence[WebhookDeliveryGroup], *, everything: bool
) -> int:
    """How many events came of it."""
    sandboxes = {group.sandbox_id for group in missing if group.sandbox_id}
    if not everything and len(sandboxes) <= ONE_BY_ONE:
        return sum([await reconcile.reconcile_sandbox(account, client, one) for one in sorted(sandboxes)])
    async with lock(f"reconcile:{account.pk}", reconcile.LOCK_SECONDS) as ours:
        if ours:  # else a round is under way, and reads them
            await reconcile.reconcile(account)
    return len(missing) - len(await _not_held(account, missing))


def _failures(groups: Sequence[WebhookDeliveryGroup]) -> tuple[Failure, ...]:
    failed = [
        Failure(
            at=one.timestamp,
            type=group.event_type[:128],
            sandbox_id=group.sandbox_id[:MAX_SANDBOX_ID],
            status=one.response_http_status_code,
            error=mask(one.error_message or one.error_class or "")[:200],
            arrived=group.arrived,
        )
        for group in groups
        for one in group.attempts
        if one.status == "failed"
    ]
    return tuple(sorted(failed, key=lambda one: one.at.timestamp() if one.at else 0.0, reverse=True)[:SHOWN])
