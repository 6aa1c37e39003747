"""A fleet's ten minutes and hours from its minutes: levels with their extremes, counts and figures; the groups' too."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from sandboxes.core import database, rounds
from sandboxes.metrics.series import groups
from sandboxes.metrics.series import queries_fleet as queries
from sandboxes.models import Account, FleetMinute, FleetTen

HOUR: Final = timedelta(hours=1)
CLOSED = timedelta(minutes=2)  # an hour's last minute is rolled up by then
# What the record of the past still changes (a back-fill reaches a day back): those hours are added up again.
AGAIN = timedelta(hours=25)
AT_ONCE: Final = timedelta(hours=48)


def whole(moment: datetime) -> datetime:
    """The start of its hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def roll_up(now: datetime) -> None:
    """Every closed hour of every account that is not added up yet, and those again that may have changed since."""
    end = whole(now - CLOSED)
    rounds.in_turn("rollup", Account.objects.order_by("pk"), lambda account: _roll_up(account.pk, end), unit="of hours")


def _roll_up(account_id: int, end: datetime) -> None:
    added_up = _upto(account_id, end)
    # The past that a back-fill tells of has no groups: theirs are added up once.
    start = min(added_up, whole(end - AGAIN))
    while start < end:
        upto = min(start + AT_ONCE, end)
        with transaction.atomic():
            for statement in queries.ROLL_UPS:
                database.execute(statement, {"account": account_id, "start": start, "end": upto})
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
