"""A fleet's minutes: counts from the record, sums and histograms from the fresh samples of its frames."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from sandboxes.core import database, rounds
from sandboxes.metrics.series import groups
from sandboxes.metrics.series import queries_fleet as queries
from sandboxes.models import Account, FleetMinute, MetricFrame

MINUTE: Final = timedelta(minutes=1)
GRACE = timedelta(seconds=15)  # a poll that began in the minute may still be writing its frame
AGAIN = timedelta(minutes=10)  # events of the last minutes may come late: those are counted again
AT_ONCE = timedelta(minutes=10)  # a transaction: of ten thousand sandboxes that is more than a million samples
_INSTANT = timedelta(microseconds=1)


def whole(moment: datetime) -> datetime:
    """The start of its minute."""
    return moment.replace(second=0, microsecond=0)


def roll_up(now: datetime) -> None:
    """Every closed minute with frames that is not rolled up yet, for every account; the minutes before that are
    counted again, since events may come late."""
    end = whole(now - GRACE)
    rounds.in_turn(
        "rollup", Account.objects.order_by("pk"), lambda account: _roll_up(account.pk, end), unit="of minutes"
    )


def _roll_up(account_id: int, end: datetime) -> None:
    last = _newest(account_id, end)
    if last:
        _execute(queries.COUNT_AGAIN, account_id, last + MINUTE - AGAIN, last + MINUTE)
    start = _next_frame(account_id, last + MINUTE if last else None, end)
    while start < end:
        upto = min(start + AT_ONCE, end)
        with transaction.atomic():
            _execute(queries.ROOM_TO_SORT, account_id, start, upto)
            _execute(queries.ROLL_UP, account_id, start, upto)
            groups.roll_up(account_id, start, upto)
        start = _next_frame(account_id, upto, end)


def _newest(account_id: int, end: datetime) -> datetime | None:
    done = FleetMinute.objects.filter(account_id=account_id, source="poll", minute__lt=end)
    return done.order_by("-minute").values_list("minute", flat=True).first()


def _next_frame(account_id: int, start: datetime | None, end: datetime) -> datetime:
    """The minute of the first frame from `start` on; `end` when there is none: where we were away nothing is to do."""
    frames = MetricFrame.objects.filter(account_id=account_id, at__lt=end)
    if start:
        frames = frames.filter(at__gte=start)
    return whole(frames.order_by("at").values_list("at", flat=True).first() or end)


def not_rolled_up(account_id: int, start: datetime, end: datetime) -> list[tuple[Any, ...]]:
    """Minutes of [start, end) that compaction has not reached, straight from the frames: (minute, running, paused,
    started, ended, burn, samples, cpu_hist, mem_hist); the histograms as `array_send` gives them."""
    newest = _newest(account_id, end)
    since = max(whole(start), newest + MINUTE if newest else end - AGAIN)
    if not since < end <= since + 2 * AGAIN:
        return []
    rows: list[tuple[Any, ...]] = database.rows(
        queries.NOT_ROLLED_UP, {"account": account_id, "start": whole(since), "end": whole(end + MINUTE - _INSTANT)}
    )
    return rows


def count_past(account_id: int, start: datetime, end: datetime) -> None:
    """Makes minutes without frames in [start, end) known by their counts; minutes with frames stay as they are."""
    _execute(queries.COUNT_PAST, account_id, whole(start), whole(end))


def _execute(sql: str, account_id: int, start: datetime, end: datetime) -> None:
    database.execute(sql, {"account": account_id, "start": start, "end": end})
