"""The parts of the big tables: made in time, filled from the default part, dropped without losing what must stay."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Model

from sandboxes.metrics.series import compact_all, frame_store, partitions, retention, rollup_samples
from sandboxes.metrics.series.frame import Frame
from sandboxes.metrics.series.frame_store import Part
from sandboxes.models import MetricFrame, MetricSeries
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def parts() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
        return {row[0].removeprefix("sandboxes_") for row in cursor.fetchall()}


def part_of(pk: int, model: type[Model] = MetricFrame) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text FROM {model._meta.db_table} WHERE id = %s", [pk])
        return str(cursor.fetchone()[0]).removeprefix("sandboxes_")


def tick(one: int, at: datetime, cpu: float = 1.0) -> MetricFrame:
    return records.frame({one: Reading(cpu)}, at=at)


def test_parts_are_ready_ahead_of_time_and_making_them_again_does_nothing():
    partitions.keep(NOW)
    first = parts()
    assert {"metricframe_fine_2026082112", "metricframe_fine_2026082118", "metricframe_kept_2026082100",
            "metricframe_kept_2026082200", "metricseries_2026082000", "metricseries_2026082200"} <= first  # fmt: skip
    partitions.keep(NOW + timedelta(minutes=1))
    assert parts() == first


def test_what_came_before_its_part_was_there_moves_into_it():
    one = records.sandbox().pk
    first, second = tick(one, NOW), tick(one, NOW + timedelta(seconds=5))
    assert (part_of(first.pk), part_of(second.pk)) == ("metricframe_kept_default", "metricframe_fine_default")
    partitions.keep(NOW)
    assert (part_of(first.pk), part_of(second.pk)) == ("metricframe_kept_2026082100", "metricframe_fine_2026082112")
    assert MetricFrame.objects.get(pk=second.pk).cpu == [100]


def test_the_first_frame_of_a_minute_is_kept():
    records.account()
    part, before = Part(records.account().pk), frame_store.Before()
    for seconds in (0, 5, 55, 61, 66):
        at = NOW + timedelta(seconds=seconds)
        frame_store.write(part, at, Frame(int(at.timestamp())), before)
        before = frame_store.before(part, at)
    assert list(MetricFrame.objects.order_by("at").values_list("kept", flat=True)) == [True, False, False, True, False]


def test_a_part_past_its_time_is_dropped():
    one = records.sandbox().pk
    partitions.keep(NOW)
    tick(one, NOW), tick(one, NOW + timedelta(seconds=5))
    rollup_samples.compact_frames(NOW + HOUR)
    partitions.keep(NOW + DAY)
    tick(one, NOW + DAY)
    partitions.keep(NOW + DAY + 7 * HOUR)
    assert "metricframe_fine_2026082112" not in parts()
    assert list(MetricFrame.objects.order_by("at").values_list("at", flat=True)) == [NOW, NOW + DAY]
    partitions.keep(NOW + 9 * DAY)
    assert "metricframe_kept_2026082100" not in parts()


def test_what_is_nobody_s_to_drop_moves_to_the_default_part():
    one = records.sandbox().pk
    partitions.keep(NOW)
    tick(one, NOW)
    newest = tick(one, NOW + timedelta(seconds=5))
    partitions.keep(NOW + 9 * DAY)
    assert part_of(newest.pk) == "metricframe_fine_default", "it is not in series yet"
    rollup_samples.compact_frames(NOW + 9 * DAY)
    retention.thin(NOW + 9 * DAY)
    assert MetricFrame.objects.filter(pk=newest.pk).exists(), "the next poll compares with it"
    assert MetricSeries.objects.get(sandbox_id=one).cpu == [100, 100]
    tick(one, NOW + 9 * DAY)
    retention.thin(NOW + 9 * DAY)
    assert not MetricFrame.objects.filter(pk=newest.pk).exists()


def test_series_go_when_they_are_rolled_up():
    one = records.sandbox().pk
    partitions.keep(NOW)
    tick(one, NOW)
    rollup_samples.compact_frames(NOW + HOUR)
    partitions.keep(NOW + 9 * DAY)
    assert MetricSeries.objects.count() == 1
    compact_all(NOW + 9 * DAY)
    retention.thin(NOW + 9 * DAY)
    assert not MetricSeries.objects.exists()


def test_a_part_that_cannot_be_made_now_is_made_the_next_time(monkeypatch):
    from django.db import OperationalError

    make, failures = partitions.make_partition, iter([OperationalError("canceling statement due to lock timeout")])

    def busy(table, start):
        for error in failures:
            raise error
        make(table, start)

    monkeypatch.setattr(partitions, "make_partition", busy)
    partitions.keep(NOW)
    assert "metricframe_fine_2026082112" not in parts()
    partitions.keep(NOW)
    assert "metricframe_fine_2026082112" in parts()
