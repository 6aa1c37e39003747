"""The API's heartbeat: how long it goes on, and what a clock that is set back does to it."""

from datetime import timedelta

import pytest

from dashboard.system.heartbeat import beat
from sandboxes.fleet import lease_coverage
from sandboxes.models import Heartbeat
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def told() -> tuple[timedelta, timedelta]:
    """The last beat and since when it beats, both from NOW on."""
    row = Heartbeat.objects.get(name="api")
    return row.at - NOW, row.up_since - NOW


def test_heartbeat_goes_on_and_begins_anew_after_a_silence() -> None:
    beat(NOW)
    beat(NOW + seconds(5))
    assert told() == (seconds(5), seconds(0))
    beat(NOW + seconds(29))
    assert told() == (seconds(29), seconds(0))
    beat(NOW + seconds(55))
    assert told() == (seconds(55), seconds(55))


def test_heartbeat_of_a_slower_clock_takes_nothing_back() -> None:
    beat(NOW)
    beat(NOW - seconds(4))
    assert told() == (seconds(0), seconds(0))


def test_heartbeat_follows_a_clock_that_was_set_back() -> None:
    """The one from the future does not stay as proof for an hour, and from when on we were up is not known."""
    beat(NOW)
    beat(NOW - HOUR)
    assert told() == (-HOUR, -HOUR)
    beat(NOW - HOUR + seconds(5))
    assert told() == (seconds(5) - HOUR, -HOUR)
    assert lease_coverage.api_is_up(NOW - HOUR + seconds(6))


def test_heartbeat_that_stopped_before_the_clock_was_set_back_is_none() -> None:
    beat(NOW)
    assert not any(lease_coverage.api_is_up(NOW - HOUR + seconds(at)) for at in range(0, 3590, 60))
