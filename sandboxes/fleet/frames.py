"""The newest frame of each account and shard, as of any moment."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sandboxes.models import MetricFrame

TOGETHER = timedelta(minutes=1)  # shards of one account tick within this of each other


def latest_frames(account_ids: Collection[int], now: datetime | None = None) -> list[MetricFrame]:
    """One frame for each shard of each account, the newest at or before `now`; none for an account never polled.

    A frame may be old when polling fails: its `at` says how old.
    """
    found: list[MetricFrame] = []
    for account_id in account_ids:
        frames = MetricFrame.objects.filter(account_id=account_id, at__lte=now or datetime.now(UTC))
        newest = frames.order_by("-at").values_list("at", flat=True).first()
        if newest:
            of_tick = frames.filter(at__gt=newest - TOGETHER)
            newest_of_each = of_tick.order_by("shard", "-at").distinct("shard").values("pk")
            found += MetricFrame.objects.filter(pk__in=newest_of_each).order_by("shard")
    return found
