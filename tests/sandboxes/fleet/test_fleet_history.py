"""The fleet over time: minutes in buckets, percentiles from added histograms, the newest minutes from frames."""

from datetime import timedelta

import pytest

from sandboxes.fleet import figures as fleet
from sandboxes.metrics.series import minutes
from sandboxes.models import Account, FleetMinute
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
START = int(NOW.timestamp())


def minute(place: int, of: Account | None = None, **fields) -> FleetMinute:
    """`cpu` and `mem` as {step: count}."""
    cpu, mem = fields.pop("cpu", {}), fields.pop("mem", {})
    plain = {"running": 0, "paused": 0, "started": 0, "ended": 0, "cpu_sum": 0, "mem_sum": 0, "burn_usd_per_hour": 0}
    return FleetMinute.objects.create(
        account=of or records.account(), minute=NOW + timedelta(minutes=place), samples=sum(cpu.values()),
        cpu_hist=[cpu.get(step, 0) for step in range(101)], mem_hist=[mem.get(step, 0) for step in range(101)],
        **(plain | fields),
    )  # fmt: skip


def read(length: int, points: int = 1000, **options):
    end = NOW + timedelta(minutes=length)
    return fleet.metrics(NOW, end, points, now=end, **options)


def test_it_works():
    minute(0, running=10, paused=2, started=1, cpu={10: 5, 90: 1}, mem={40: 6}, burn_usd_per_hour=1.5)
    minute(1, running=12, paused=1, ended=3, cpu={20: 6}, mem={50: 6})
    columns = read(2)
    assert columns.t == [START, START + 60]
    assert (columns.running, columns.paused) == ([10, 12], [2, 1])
    assert (columns.cpu_p50, columns.cpu_p95) == ([10.5, 20.5], [90.5, 20.5])
    assert (columns.mem_p50, columns.mem_p95) == ([40.5, 50.5], [40.5, 50.5])
    assert (columns.started, columns.ended, columns.burn_usd_per_hour) == ([1, 0], [0, 3], [1.5, 0.0])


def test_a_minute_we_know_nothing_of_is_null():
    minute(0, running=1)
    minute(2, running=3)
    columns = read(3)
    assert columns.running == [1, None, 3]
    assert columns.cpu_p50 == [None, None, None]
    assert columns.started == [0, None, 0]


def test_cells_add_histograms_and_counts_and_show_the_extremes_of_levels():
    minute(0, running=10, started=1, cpu={0: 99})
    minute(1, running=20, started=2, cpu={80: 1})
    minute(2, running=30, started=4, cpu={50: 1})
    columns = read(4, points=2)
    assert columns.t == [START, START + 120]
    assert (columns.running, columns.started) == ([10, 30], [3, 4])
    assert (columns.cpu_p50, columns.cpu_p95) == ([0.5, 50.5], [0.5, 50.5])


def test_accounts_add_up():
    minute(0, records.account("one"), running=10, cpu={10: 1}, burn_usd_per_hour=1)
    minute(0, records.account("two"), running=5, cpu={90: 3}, burn_usd_per_hour=2)
    columns = read(1)
    assert (columns.running, columns.cpu_p50, columns.burn_usd_per_hour) == ([15], [90.5], [3.0])
    alone = read(1, account_id=records.account("one").pk)
    assert (alone.running, alone.cpu_p50) == ([10], [10.5])


def test_a_year_fits_into_a_thousand_points():
    minute(0, running=1, cpu={10: 1})
    minute(500_000, running=3, started=7)
    columns = read(525_600)
    assert len(columns.t) <= 1000
    assert sum(count or 0 for count in columns.started) == 7


def test_the_newest_minutes_come_from_frames():
    one, two = records.sandbox(), records.sandbox()
    for sandbox in (one, two):
        sandbox.executions.create(key="x", started_at=sandbox.started_at)
    records.frame({one.pk: Reading(10.0, 128), two.pk: Reading(10.0, 128)})
    minutes.roll_up(NOW + timedelta(minutes=2))
    for place in range(3):
        readings = {one.pk: Reading(30.0, 256), two.pk: Reading(50.0 + place, 256)}
        records.frame(readings, at=NOW + timedelta(seconds=70 + 5 * place))
    columns = read(2)
    assert columns.running == [2, 2]
    assert (columns.cpu_p50, columns.cpu_p95) == ([10.5, 30.5], [10.5, 52.5])
    assert columns.mem_p50 == [25.5, 50.5]
    minutes.roll_up(NOW + timedelta(minutes=3))
    assert read(2).running == columns.running


def test_what_lies_ahead_is_not_told():
    minute(0, running=1)
    columns = fleet.metrics(NOW, NOW + timedelta(hours=1), now=NOW + timedelta(minutes=2))
    assert columns.t == [START, START + 60]


def test_an_empty_span_is_empty():
    records.account()
    assert fleet.metrics(NOW, NOW, now=NOW).t == []
    assert fleet.metrics(NOW, NOW - timedelta(hours=1), now=NOW).t == []
