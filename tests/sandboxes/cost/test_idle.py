"""What a run cost after its last sign of life: from frames, samples, minutes or hours, whichever is held."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from sandboxes.cost import Question, spend
from sandboxes.metrics.series import rollup_hours
from sandboxes.models import MetricFrame, MetricSeries, Price, Sandbox, SeriesHours, SeriesMinutes
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AN_HOUR = Decimal("0.1089")


@pytest.fixture(autouse=True)
def price(db):
    Price.objects.all().delete()
    return records.price()


def box_that_ran(start: datetime, end: datetime | None = NOW) -> Sandbox:
    box = records.sandbox(started_at=start)
    box.executions.create(key=f"{start}", started_at=start, ended_at=end)
    return box


def series(box: Sandbox, hour: datetime, *, lively: tuple[int, ...], every: int = 60) -> MetricSeries:
    """An hour of samples of 1% CPU, of 2% in the minutes `lively`."""
    offsets = list(range(0, 3600, every))
    cpu = [200 if offset // 60 in lively else 100 for offset in offsets]
    flat = [0] * len(offsets)
    return MetricSeries.objects.create(
        sandbox=box, hour=hour, source="poll", step_seconds=every, offsets=offsets, cpu=cpu, mem=flat, disk=flat,
        cpu_max=max(cpu), mem_max=0,
    )  # fmt: skip


def idle(start=NOW - 7 * DAY, end=NOW) -> Decimal:
    return sum((item.idle_usd for item in spend(Question(start, end), NOW).items), Decimal(0))


def test_it_works():
    series(box_that_ran(NOW - 2 * HOUR), NOW - 2 * HOUR, lively=(10, 30))
    assert idle() == AN_HOUR * 90 / 60
    assert idle(NOW - 3 * HOUR, NOW - HOUR) == AN_HOUR / 2


def test_without_a_sample_nothing_is_said():
    box_that_ran(NOW - 2 * HOUR)
    assert idle() == 0


def test_a_run_that_never_showed_life_was_dead_from_its_start():
    series(box_that_ran(NOW - HOUR), NOW - HOUR, lively=())
    assert idle() == AN_HOUR


def test_life_after_the_range_counts_for_the_time_in_it():
    box = box_that_ran(NOW - 3 * HOUR)
    series(box, NOW - 3 * HOUR, lively=(0,))
    series(box, NOW - HOUR, lively=(0,))
    assert idle(NOW - 3 * HOUR, NOW - 2 * HOUR) == 0


def test_the_newest_samples_are_still_in_frames():
    box = box_that_ran(NOW - HOUR, None)
    series(box, NOW - HOUR, lively=())
    records.frame({box.pk: Reading(cpu=50)}, at=NOW - timedelta(minutes=6))
    assert idle() == AN_HOUR / 10
    MetricFrame.objects.update(fresh=[False])  # the same sample once more says nothing new
    assert idle() == AN_HOUR


def test_runs_that_share_an_hour_do_not_share_their_signs():
    box = records.sandbox()
    for first, last in ((120, 40), (20, 0)):
        start, end = (NOW - timedelta(minutes=minutes) for minutes in (first, last))
        box.executions.create(key=f"{start}", started_at=start, ended_at=end)
    series(box, NOW - 2 * HOUR, lively=(30,))
    series(box, NOW - HOUR, lively=(50,))
    assert idle() == AN_HOUR * (50 + 10) / 60


@pytest.mark.parametrize(("gone", "minutes"), [((MetricSeries,), 59), ((MetricSeries, SeriesMinutes), 30)])
def test_when_samples_are_gone_minutes_and_hours_answer(gone, minutes):
    """At 12:30 life was last seen; a minute ends at 12:31, an hour at 13:00."""
    series(
        box_that_ran(NOW - 2 * HOUR + timedelta(minutes=30), NOW - timedelta(minutes=30)), NOW - 2 * HOUR, lively=(30,)
    )
    assert idle() == AN_HOUR
    rollup_hours.roll_up(NOW + DAY)
    for model in gone:
        model.objects.all().delete()
    assert SeriesHours.objects.exists()
    assert idle() == AN_HOUR * minutes / 60
