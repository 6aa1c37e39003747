"""Minutes and hours of a sandbox: least, mean and greatest of its samples, right whatever comes late or is killed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper

from sandboxes.metrics.series import rollup_hours, rollup_samples, sandbox_metrics
from sandboxes.models import MetricSeries, SeriesHours, SeriesMinutes
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOW + 3 * HOUR


def series(key: int, values: dict[int, int], source: str = "poll", hour=NOW) -> MetricSeries:
    """`values` are CPU by second of the hour; memory and disk are ten and a hundred times that."""
    offsets, cpu = sorted(values), [values[after] for after in sorted(values)]
    return MetricSeries.objects.create(
        sandbox_id=key, hour=hour, source=source, step_seconds=5, offsets=offsets, cpu=cpu,
        mem=[10 * one for one in cpu], disk=[100 * one for one in cpu], cpu_max=max(cpu), mem_max=10 * max(cpu),
    )  # fmt: skip


def test_it_works():
    one = records.sandbox().pk
    series(one, {0: 100, 5: 200, 10: 600, 60: 50})
    rollup_hours.roll_up(LATER)
    minutes, hours = SeriesMinutes.objects.get(), SeriesHours.objects.get()
    assert (minutes.at, minutes.steps, minutes.samples) == (NOW, [0, 1], [3, 1])
    assert (minutes.cpu_min, minutes.cpu_mean, minutes.cpu_max) == ([100, 50], [300, 50], [600, 50])
    assert (minutes.mem_min, minutes.mem_mean, minutes.mem_max) == ([1000, 500], [3000, 500], [6000, 500])
    assert (hours.at, hours.steps, hours.samples) == (NOW.replace(hour=0), [12], [4])
    assert (hours.cpu_min, hours.cpu_mean, hours.cpu_max, hours.disk_max) == ([50], [238], [600], [60_000])
    assert MetricSeries.objects.get().rolled


def test_an_hour_that_still_fills_waits():
    series(records.sandbox().pk, {0: 100})
    rollup_hours.roll_up(NOW + HOUR)
    assert not SeriesMinutes.objects.exists()


def test_the_hours_of_a_day_are_one_row():
    one = records.sandbox().pk
    for number in (2, 0, 1):
        series(one, {0: 100 * number}, hour=NOW + number * HOUR)
        rollup_hours.roll_up(LATER + HOUR)
    row = SeriesHours.objects.get()
    assert (row.steps, row.cpu_max) == ([12, 13, 14], [0, 100, 200])


def test_what_comes_late_is_rolled_up_again():
    one = records.sandbox().pk
    records.frame({one: Reading(1.0)}, at=NOW)
    rollup_samples.compact_frames(LATER)
    rollup_hours.roll_up(LATER)
    records.frame({one: Reading(9.0)}, at=NOW + timedelta(seconds=5))
    rollup_samples.compact_frames(LATER)
    assert not MetricSeries.objects.get().rolled
    rollup_hours.roll_up(LATER)
    assert (SeriesMinutes.objects.get().samples, SeriesHours.objects.get().cpu_max) == ([2], [900])


def test_our_own_samples_go_before_a_back_fill_s():
    one = records.sandbox().pk
    series(one, {0: 900, 60: 800}, "backfill")
    series(one, {5: 100})
    rollup_hours.roll_up(LATER)
    assert SeriesMinutes.objects.get().cpu_max == [100, 800]
    assert set(MetricSeries.objects.values_list("rolled", flat=True)) == {True}


def test_killed_between_any_two_statements_nothing_is_lost_or_twice(monkeypatch):
    one = records.sandbox().pk
    series(one, {0: 100, 5: 300})
    execute = CursorWrapper.execute

    def dies_at(deadly: int):
        count = 0

        def counted(self, sql, params=None):
            nonlocal count
            count += 1
            if count == deadly:
                raise KeyboardInterrupt
            return execute(self, sql, params)

        return counted

    for deadly in range(1, 7):
        monkeypatch.setattr(CursorWrapper, "execute", dies_at(deadly))
        with pytest.raises(KeyboardInterrupt):
            rollup_hours.roll_up(LATER)
        monkeypatch.setattr(CursorWrapper, "execute", execute)
        assert not connection.needs_rollback
        assert SeriesMinutes.objects.exists() == MetricSeries.objects.filter(rolled=True).exists()
    rollup_hours.roll_up(LATER)
    rollup_hours.roll_up(LATER)
    assert (SeriesMinutes.objects.get().samples, SeriesHours.objects.get().samples) == ([2], [2])


def test_a_long_span_is_read_from_minutes_and_keeps_its_spike():
    one = records.sandbox().pk
    for number in range(24):
        values = dict.fromkeys(range(0, 3600, 5), 100)
        series(one, values | ({1805: 9700} if number == 7 else {}), hour=NOW - number * HOUR)
    rollup_hours.roll_up(LATER)
    columns = sandbox_metrics(one, NOW - 24 * HOUR, NOW + HOUR)
    assert len(columns.t) <= 1000
    assert max(value or 0 for value in columns.cpu_pct) == 97.0
    assert None not in columns.cpu_pct


def test_what_the_samples_are_gone_of_is_read_from_what_is_left():
    one = records.sandbox().pk
    series(one, {0: 100, 5: 900, 60: 300})
    rollup_hours.roll_up(LATER)
    MetricSeries.objects.all().delete()
    assert sandbox_metrics(one, NOW, NOW + HOUR).cpu_pct == [1.0, 9.0, 3.0, 3.0]
    SeriesMinutes.objects.all().delete()
    assert sandbox_metrics(one, NOW, NOW + HOUR).cpu_pct == [1.0, 9.0]


def test_days_are_read_from_hours_and_what_is_in_none_yet_sample_by_sample():
    one = records.sandbox().pk
    for number in range(1, 81):
        series(one, {0: 100, 5: 9700 if number == 33 else 300}, hour=NOW - number * HOUR)
    rollup_hours.roll_up(LATER)
    SeriesMinutes.objects.all().delete()
    series(one, {0: 500, 5: 600, 10: 700})
    columns = sandbox_metrics(one, NOW - 80 * HOUR, NOW + HOUR)
    assert columns.cpu_pct[:2] == [1.0, 3.0]
    assert max(value or 0 for value in columns.cpu_pct) == 97.0
    assert columns.cpu_pct[-3:] == [5.0, 6.0, 7.0]
    assert len(columns.t) == 80 * 2 + 3 + columns.cpu_pct.count(None)
