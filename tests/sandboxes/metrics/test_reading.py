"""One sandbox's figures: series and frames together, our own samples before the back-fill's."""

from datetime import timedelta

import pytest

from sandboxes.metrics.series import rollup_samples, sandbox_metrics
from sandboxes.models import MetricFrame, MetricSeries
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
START = int(NOW.timestamp())


def series(key: int, source: str, offsets: list[int], cpu: int, step: int = 5) -> MetricSeries:
    same = [cpu] * len(offsets)
    return MetricSeries.objects.create(
        sandbox_id=key, hour=NOW, source=source, step_seconds=step, offsets=offsets, cpu=same, mem=same, disk=same,
        cpu_max=cpu, mem_max=cpu,
    )  # fmt: skip


def read(key: int, seconds: int = 3600, points: int = 1000):
    return sandbox_metrics(key, NOW, NOW + timedelta(seconds=seconds), points)


def test_it_works_before_and_after_compaction():
    one, two = records.sandbox().pk, records.sandbox().pk
    for place in range(4):
        readings = {one: Reading(10.0 + place, 100), two: Reading(90.0)}
        records.frame(readings, at=NOW + timedelta(seconds=5 * place))
    before = read(one)
    assert before.t == [START, START + 5, START + 10, START + 15]
    assert before.cpu_pct == [10.0, 11.0, 12.0, 13.0]
    assert before.mem_used == [100 * 2**20] * 4
    rollup_samples.compact_frames(NOW + timedelta(seconds=8))
    assert read(one) == before
    rollup_samples.compact_frames(NOW + timedelta(hours=1))
    assert read(one) == before


def test_a_carried_sample_is_shown_once():
    one = records.sandbox().pk
    records.frame({one: Reading(10.0)})
    records.frame({one: Reading(10.0, age=5)}, at=NOW + timedelta(seconds=5))
    MetricFrame.objects.filter(at__gt=NOW).update(fresh=[False])
    assert read(one).t == [START]


def test_only_the_asked_span_is_given():
    one = records.sandbox().pk
    series(one, "poll", [0, 5, 10, 15], 100)
    assert sandbox_metrics(one, NOW + timedelta(seconds=5), NOW + timedelta(seconds=10)).t == [START + 5, START + 10]


def test_our_own_samples_go_before_the_back_fill_s():
    one = records.sandbox().pk
    series(one, "backfill", list(range(0, 300, 30)), 900, step=30)
    series(one, "poll", list(range(150, 300, 5)), 100)
    columns = read(one)
    values = dict(zip(columns.t, columns.cpu_pct, strict=True))
    assert [value for at, value in values.items() if at < START + 120] == [9.0] * 4
    assert {value for at, value in values.items() if at >= START + 150} == {1.0}
    assert None not in columns.cpu_pct


def test_a_pause_is_a_gap():
    one = records.sandbox().pk
    series(one, "poll", [0, 5, 10, 600, 605], 100)
    assert read(one).cpu_pct == [1.0, 1.0, 1.0, None, 1.0, 1.0]


def test_a_backend_that_samples_seldom_has_no_gaps():
    one = records.sandbox().pk
    series(one, "poll", list(range(0, 600, 30)), 100)
    assert None not in read(one).cpu_pct


def test_a_day_fits_into_few_points_with_its_spike():
    one = records.sandbox().pk
    row = series(one, "poll", list(range(0, 3600, 5)), 100)
    row.cpu[401] = 9_700
    row.save()
    columns = read(one, points=60)
    assert len(columns.t) <= 60
    assert max(value for value in columns.cpu_pct if value is not None) == 97.0


def test_a_sandbox_without_samples_has_empty_columns():
    assert read(records.sandbox().pk).t == []
