"""How an account's webhook does as seen from our end: what came, how late, what was refused and what was missed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count

from events.missed import missed_by_webhook
from events.models import Delivery
from events.webhooks import queries
from sandboxes.core import database
from sandboxes.models import AccountHealth

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(hours=24)
NEWEST: Final = 5_000  # events: at a high rate an hour holds millions


@dataclass(frozen=True)
class OurView:
    """Seconds from event to arrival over the last hour's newest events (None: none came); refusals of the last day.

    `missed` counts the last day's events that no delivery brought in time; None while none are expected.
    """

    last_at: datetime | None
    since: datetime | None
    events: int
    lag_p50_seconds: float | None
    lag_p95_seconds: float | None
    refused: list[tuple[str, int]]
    missed: int | None

    @property
    def refused_count(self) -> int:
        return sum(count for _, count in self.refused)


def our_view(health: AccountHealth, now: datetime) -> OurView:
    """As of `now`; the backend's clock is taken off the lag."""
    events, p50, p95 = lags(health, now)
    refused = (
        Delivery.objects.filter(account=health.account_id, state=Delivery.State.REFUSED, received_at__gte=now - DAY)
        .values_list("reason")
        .annotate(count=Count("pk"))
        .order_by("-count")
    )
    return OurView(
        last_at=health.webhook_last_at,
        since=health.webhook_since,
        events=events,
        lag_p50_seconds=p50,
        lag_p95_seconds=p95,
        refused=list(refused[:5]),
        missed=missed_by_webhook([health.account_id], now).get(health.account_id),
    )


def lags(health: AccountHealth, now: datetime) -> tuple[int, float | None, float | None]:
    """How many events the last hour brought by webhook, and the median and p95 of their seconds to us (None: none)."""
    values: dict[str, int | float | datetime] = {
        "account": health.account_id,
        "since": now - HOUR,
        "offset": health.clock_offset_seconds,
        "limit": NEWEST,
    }
    count, p50, p95 = database.row(queries.LAGS, values)
    return count, *(None if value is None else max(0.0, float(value)) for value in (p50, p95))
