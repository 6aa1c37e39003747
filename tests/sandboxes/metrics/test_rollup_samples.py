"""Compaction: every fresh sample once, whatever is repeated, killed or late; minutes that say what frames said."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from sandboxes.metrics.series import compact_all, minutes, retention, rollup_hours, rollup_samples
from sandboxes.metrics.series.frame_store import literal
from sandboxes.metrics.series.queries_samples import MERGE
from sandboxes.models import FleetMinute, MetricFrame, MetricSeries
from tests.support import records
from tests.support.records import NOW, Reading
from tests.support.search import WITH_FIXTURES, examples

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def ticks(*readings: dict[int, Reading], every: int = 5) -> None:
    for place, one in enumerate(readings):
        records.frame(one, at=NOW + timedelta(seconds=every * place))


def series_of(key: int) -> list[tuple[int, int]]:
    """(Unix second, CPU in hundredths) of all its rows."""
    rows = MetricSeries.objects.filter(sandbox_id=key, source="poll").order_by("hour")
    return [
        (int(row.hour.timestamp()) + offset, cpu)
        for row in rows
        for offset, cpu in zip(row.offsets, row.cpu, strict=True)
    ]


def test_frames_become_series():
    one, two = records.sandbox().pk, records.sandbox().pk
    ticks({one: Reading(10.0, 100), two: Reading(20.0, 200)}, {one: Reading(11.0, 101, age=2), two: Reading(age=None)})
    compact_all(LATER)
    start = int(NOW.timestamp())
    assert series_of(one) == [(start, 1000), (start + 3, 1100)]
    assert series_of(two) == [(start, 2000)]
    row = MetricSeries.objects.get(sandbox_id=one)
    assert (row.cpu_max, row.mem_max, row.mem) == (1100, 101 * 1024, [100 * 1024, 101 * 1024])
    assert not MetricFrame.objects.filter(compacted=False).exists()


def test_a_carried_sample_is_not_taken_again():
    one = records.sandbox().pk
    ticks({one: Reading(10.0)}, {one: Reading(10.0, age=5)})
    MetricFrame.objects.filter(at__gt=NOW).update(fresh=[False])
    compact_all(LATER)
    assert len(series_of(one)) == 1


def test_frames_wait_until_it_is_worth_a_rewrite():
    one = records.sandbox().pk
    ticks({one: Reading(10.0)})
    compact_all(NOW + timedelta(minutes=2))
    assert series_of(one) == []
    compact_all(LATER)
    assert len(series_of(one)) == 1


def test_a_row_grows_and_an_hour_ends():
    one = records.sandbox().pk
    ticks({one: Reading(1.0)}, {one: Reading(2.0)}, {one: Reading(3.0)}, every=1500)
    for _ in range(3):
        rollup_samples.compact_frames(LATER + timedelta(hours=2), limit=1)
    assert [cpu for _, cpu in series_of(one)] == [100, 200, 300]
    assert MetricSeries.objects.count() == 1
    records.frame({one: Reading(4.0)}, at=NOW + timedelta(hours=1))
    rollup_samples.compact_frames(LATER + timedelta(hours=2))
    assert MetricSeries.objects.count() == 2


def test_what_comes_late_is_put_in_its_place():
    one = records.sandbox().pk
    records.frame({one: Reading(2.0)}, at=NOW + timedelta(seconds=60))
    rollup_samples.compact_frames(LATER)
    records.frame({one: Reading(1.0)}, at=NOW)
    rollup_samples.compact_frames(LATER)
    assert [cpu for _, cpu in series_of(one)] == [100, 200]


def test_a_kill_before_the_commit_leaves_all_as_it_was():
    one = records.sandbox().pk
    ticks({one: Reading(1.0)}, {one: Reading(2.0)})

    def killed() -> None:
        with transaction.atomic():
            rollup_samples.compact_frames(LATER)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert MetricFrame.objects.filter(compacted=False).count() == 2
    assert series_of(one) == []
    compact_all(LATER)
    compact_all(LATER)
    assert len(series_of(one)) == 2


def test_samples_of_a_sandbox_that_is_gone_hinder_nobody():
    one = records.sandbox().pk
    ticks({one: Reading(1.0), 999_999: Reading(2.0)})
    compact_all(LATER)
    assert MetricSeries.objects.count() == 1


def test_one_compaction_at_a_time():
    one = records.sandbox().pk
    ticks({one: Reading(1.0)})
    parameters = connection.get_connection_params()
    parameters = {name: value for name, value in parameters.items() if name in {"dbname", "host", "port", "user"}}
    with psycopg.connect(**parameters, password=settings.DATABASES["default"]["PASSWORD"]) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [rollup_samples.LOCK])
        compact_all(LATER)
        assert series_of(one) == []
        other.execute("SELECT pg_advisory_unlock(%s)", [rollup_samples.LOCK])
        compact_all(LATER)
    assert len(series_of(one)) == 1


@how(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=WITH_FIXTURES,
)
@given(st.lists(st.lists(st.tuples(st.integers(0, 7300), st.integers(0, 100)), max_size=8), max_size=6))
def test_merging_in_any_order_and_however_often_gives_the_same_set(db, batches: list[Sequence[tuple[int, int]]]):
    """Of samples with one time the first that was merged stays."""
    key, start = records.sandbox().pk, int(NOW.timestamp())
    expected: dict[int, int] = {}
    for batch in batches:
        in_batch = {start + after: cpu for after, cpu in batch}
        for unix, cpu in in_batch.items():
            expected.setdefault(unix, cpu)
        sql = (
            "WITH samples AS (SELECT %(key)s::int AS key, u.*, u.cpu::int AS mem, u.cpu::int AS disk "
            "FROM unnest(%(unix)s::bigint[], %(cpu)s::smallint[]) AS u (unix, cpu)), " + MERGE
        )
        columns = {"unix": literal(in_batch), "cpu": literal(in_batch.values())}
        with connection.cursor() as cursor:
            cursor.execute(sql, {"key": key, "source": "poll", "step": 5, **columns})
    assert series_of(key) == sorted(expected.items())


def test_a_minute_says_what_its_frames_said():
    records.price()
    one, two = records.sandbox(), records.sandbox()
    for sandbox in (one, two):
        sandbox.executions.create(key="x", started_at=sandbox.started_at)
    records.sandbox(state="paused")
    ticks({one.pk: Reading(10.5, 256), two.pk: Reading(90.0, 128)}, {one.pk: Reading(100.0, 512, mem_total=0)})
    compact_all(LATER)
    minute = FleetMinute.objects.get()
    assert (minute.minute, minute.source, minute.samples) == (NOW, "poll", 3)
    assert (minute.running, minute.paused, minute.started, minute.ended) == (2, 1, 0, 0)
    assert minute.cpu_sum == pytest.approx(200.5)
    assert {step: n for step, n in enumerate(minute.cpu_hist) if n} == {10: 1, 90: 1, 100: 1}
    assert {step: n for step, n in enumerate(minute.mem_hist) if n} == {25: 1, 50: 1}
    assert float(minute.burn_usd_per_hour) == pytest.approx(2 * 3600 * (2 * 0.000014 + 0.5 * 0.0000045), abs=1e-6)


def test_a_minute_that_runs_is_not_rolled_up():
    ticks({records.sandbox().pk: Reading(1.0)})
    compact_all(NOW + timedelta(seconds=50))
    assert not FleetMinute.objects.exists()


def test_rolling_up_again_changes_nothing_but_late_counts():
    one = records.sandbox()
    ticks({one.pk: Reading(1.0)})
    minutes.roll_up(LATER)
    before = FleetMinute.objects.values().get()
    minutes.roll_up(LATER)
    assert FleetMinute.objects.values().get() == before
    records.sandbox(started_at=NOW + timedelta(seconds=5))
    minutes.roll_up(LATER)
    after = FleetMinute.objects.values().get()
    assert after["started"] == before["started"] + 1
    assert after["cpu_hist"] == before["cpu_hist"]


def test_starts_and_ends_are_counted_in_their_minute():
    born = records.sandbox(started_at=NOW + timedelta(seconds=70), state="ended", ended_at=NOW + timedelta(seconds=130))
    born.executions.create(key="x", started_at=born.started_at, ended_at=born.ended_at)
    ticks(*({} for _ in range(4)), every=60)
    compact_all(LATER)
    counts = FleetMinute.objects.order_by("minute").values_list("started", "ended", "running")
    assert list(counts) == [(0, 0, 0), (1, 0, 1), (0, 1, 0), (0, 0, 0)]


def test_old_frames_thin_out_and_the_newest_stays():
    one = records.sandbox().pk
    ticks({one: Reading(1.0)}, {one: Reading(2.0)}, {one: Reading(3.0)}, {one: Reading(4.0)}, every=30)
    retention.thin(NOW + timedelta(hours=25))
    assert MetricFrame.objects.count() == 4, "what is not in series yet is nobody's to delete"
    rollup_samples.compact_frames(LATER)
    retention.thin(NOW + timedelta(hours=23))
    assert MetricFrame.objects.count() == 4
    retention.thin(NOW + timedelta(hours=25))
    left = MetricFrame.objects.order_by("at").values_list("at", flat=True)
    assert [(at - NOW).seconds for at in left] == [0, 60, 90]
    assert MetricSeries.objects.exists()
    rollup_hours.roll_up(NOW + timedelta(days=8))
    retention.thin(NOW + timedelta(days=8))
    left = MetricFrame.objects.order_by("at").values_list("at", flat=True)
    assert [(at - NOW).seconds for at in left] == [60, 90], "the next poll compares with the newest"
    assert not MetricSeries.objects.exists()
