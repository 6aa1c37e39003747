"""A fleet's hours from its minutes: levels with their extremes, counts and figures, the groups' too."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from sandboxes.models import Account, FleetHour, FleetMinute
from sandboxes.series import groups
from sandboxes.series.histograms import COLUMNS, added

HOUR: Final = timedelta(hours=1)
CLOSED = timedelta(minutes=2)  # an hour's last minute is rolled up by then
# What the record of the past still changes (a back-fill reaches a day back): those hours are added up again.
AGAIN = timedelta(hours=25)
AT_ONCE: Final = timedelta(hours=48)

_LEVELS: Final = (
    "minutes, running_sum, running_min, running_max, paused_sum, paused_min, paused_max, burn_sum, burn_min, burn_max, "
    "started, ended"
)
_ROLL_UP: Final = f"""
WITH parts AS MATERIALIZED (
    SELECT *, date_trunc('hour', minute, 'UTC') AS hour FROM sandboxes_fleetminute
    WHERE account_id = %(account)s AND minute >= %(start)s AND minute < %(end)s
),
levels AS MATERIALIZED (
    SELECT hour, count(*) AS minutes, sum(running) AS running_sum, min(running) AS running_min,
           max(running) AS running_max, sum(paused) AS paused_sum, min(paused) AS paused_min,
           max(paused) AS paused_max, sum(burn_usd_per_hour) AS burn_sum, min(burn_usd_per_hour) AS burn_min,
           max(burn_usd_per_hour) AS burn_max, sum(started) AS started, sum(ended) AS ended
    FROM parts GROUP BY hour
),
{added("hour")}
INSERT INTO sandboxes_fleethour (account_id, hour, {_LEVELS}, {COLUMNS})
SELECT %(account)s, hour, {_LEVELS}, {COLUMNS} FROM levels JOIN figures USING (hour)
ON CONFLICT (account_id, hour) DO UPDATE SET
    ({_LEVELS}, {COLUMNS}) = ({", ".join(f"EXCLUDED.{name}" for name in f"{_LEVELS}, {COLUMNS}".split(", "))})"""


def whole(moment: datetime) -> datetime:
    """The start of its hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def roll_up(now: datetime) -> None:
    """Every closed hour of every account that is not added up yet, and those again that may have changed since."""
    end = whole(now - CLOSED)
    for account_id in Account.objects.values_list("pk", flat=True):
        start = _start(account_id, end)
        while start < end:
            upto = min(start + AT_ONCE, end)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_ROLL_UP, {"account": account_id, "start": start, "end": upto})
                groups.roll_up_hours(account_id, start, upto)
            start = upto


def _start(account_id: int, end: datetime) -> datetime:
    last = FleetHour.objects.filter(account_id=account_id, hour__lt=end)
    newest = last.order_by("-hour").values_list("hour", flat=True).first()
    if newest:
        return min(newest + HOUR, whole(end - AGAIN))
    minutes = FleetMinute.objects.filter(account_id=account_id)
    return whole(minutes.order_by("minute").values_list("minute", flat=True).first() or end)


def upto(account_id: int) -> datetime | None:
    """The end of the newest hour that is added up; None before the first."""
    newest = FleetHour.objects.filter(account_id=account_id).order_by("-hour").values_list("hour", flat=True).first()
    return newest + HOUR if newest else None
