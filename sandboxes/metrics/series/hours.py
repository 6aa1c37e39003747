"""A fleet's ten minutes and hours from its minutes: levels with their extremes, counts and figures; the groups' too."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from sandboxes.metrics.series import groups
from sandboxes.metrics.series.histograms import COLUMNS, added
from sandboxes.models import Account, FleetMinute, FleetTen

HOUR: Final = timedelta(hours=1)
CLOSED = timedelta(minutes=2)  # an hour's last minute is rolled up by then
# What the record of the past still changes (a back-fill reaches a day back): those hours are added up again.
AGAIN = timedelta(hours=25)
AT_ONCE: Final = timedelta(hours=48)

_LEVELS: Final = (
    "minutes, running_sum, running_min, running_max, paused_sum, paused_min, paused_max, burn_sum, burn_min, burn_max, "
    "started, ended"
)


def _roll_up(table: str, time: str, step: str) -> str:
    return f"""
WITH parts AS MATERIALIZED (
    SELECT *, date_bin('{step}', minute, 'epoch') AS {time} FROM sandboxes_fleetminute
    WHERE account_id = %(account)s AND minute >= %(start)s AND minute < %(end)s
),
levels AS MATERIALIZED (
    SELECT {time}, count(*) AS minutes, sum(running) AS running_sum, min(running) AS running_min,
           max(running) AS running_max, sum(paused) AS paused_sum, min(paused) AS paused_min,
           max(paused) AS paused_max, sum(burn_usd_per_hour) AS burn_sum, min(burn_usd_per_hour) AS burn_min,
           max(burn_usd_per_hour) AS burn_max, sum(started) AS started, sum(ended) AS ended
    FROM parts GROUP BY {time}
),
{added(time)}
INSERT INTO {table} (account_id, {time}, {_LEVELS}, {COLUMNS})
SELECT %(account)s, {time}, {_LEVELS}, {COLUMNS} FROM levels JOIN figures USING ({time})
ON CONFLICT (account_id, {time}) DO UPDATE SET
    ({_LEVELS}, {COLUMNS}) = ({", ".join(f"EXCLUDED.{name}" for name in f"{_LEVELS}, {COLUMNS}".split(", "))})"""


_ROLL_UPS: Final = (
    _roll_up("sandboxes_fleetten", "at", "10 minutes"),
    _roll_up("sandboxes_fleethour", "hour", "1 hour"),
)


def whole(moment: datetime) -> datetime:
    """The start of its hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def roll_up(now: datetime) -> None:
    """Every closed hour of every account that is not added up yet, and those again that may have changed since."""
    end = whole(now - CLOSED)
    for account_id in Account.objects.values_list("pk", flat=True):
        added_up = _upto(account_id, end)
        # The past that a back-fill tells of has no groups: theirs are added up once.
        start = min(added_up, whole(end - AGAIN))
        while start < end:
            upto = min(start + AT_ONCE, end)
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in _ROLL_UPS:
                    cursor.execute(statement, {"account": account_id, "start": start, "end": upto})
                if added_up < upto:
                    groups.roll_up_steps(account_id, max(start, added_up), upto)
            start = upto


def _upto(account_id: int, end: datetime) -> datetime:
    """The end of the newest hour that is added up; before the first, the hour of the first minute."""
    last = FleetTen.objects.filter(account_id=account_id, at__lt=end)
    if newest := last.order_by("-at").values_list("at", flat=True).first():
        return whole(newest) + HOUR
    minutes = FleetMinute.objects.filter(account_id=account_id)
    return whole(minutes.order_by("minute").values_list("minute", flat=True).first() or end)
