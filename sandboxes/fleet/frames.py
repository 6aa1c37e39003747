"""The newest frame of each account and shard, as of any moment."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sandboxes.models import MetricFrame
from sandboxes.series.layouts import Place, current

TOGETHER = timedelta(minutes=1)  # shards of one account tick within this of each other


def latest_frames(account_ids: Collection[int], now: datetime | None = None) -> list[MetricFrame]:
    """One frame for each shard of each account, the newest at or before `now`; none for an account never polled.

    No sandbox is in two of an account's. A frame may be old when polling fails: its `at` says how old.
    """
    found: list[MetricFrame] = []
    for account_id in account_ids:
        frames = MetricFrame.objects.filter(account_id=account_id, at__lte=now or datetime.now(UTC))
        newest = frames.order_by("-at").values_list("at", flat=True).first()
        if newest:
            of_tick = frames.filter(at__gt=newest - TOGETHER).values_list("pk", "at", "shard", "shards")
            # By their times too: so that only the partitions in which they lie are looked into.
            wanted = current(Place(*row) for row in of_tick)
            found += MetricFrame.objects.filter(
                account_id=account_id, at__in=[one.at for one in wanted], pk__in=[one.pk for one in wanted]
            ).order_by("shard")
    return found
