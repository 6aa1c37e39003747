"""Minutes and hours by template and owner, and the fleet's hours: the sums of their parts, whatever is repeated."""

import importlib
from datetime import timedelta

import pytest

from sandboxes.fleet import figures as fleet
from sandboxes.metrics.series import groups, hours, minutes
from sandboxes.models import FleetGroup, FleetHour, FleetMinute
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
by_group_module = importlib.import_module("sandboxes.fleet.figures.by_group")  # `fleet.by_group` is the function


def owned(owner: str | None, template: str = "base") -> int:
    return records.sandbox(owner=owner, template_id=template).pk


def of(kind: str, span: int = 60) -> dict[str, tuple[int, int, float | None]]:
    """(sandboxes, samples, hottest CPU) by name; `…` is the rest."""
    rows = FleetGroup.objects.filter(kind=kind, span_seconds=span)
    return {"…" if row.rest else row.name: (row.sandboxes, row.samples, row.cpu_max) for row in rows}


def test_a_minute_is_told_by_template_and_owner():
    ada, bob, nobody = owned("ada", "python"), owned("bob"), owned(None)
    for place in range(2):
        readings = {ada: Reading(10.0 + place), bob: Reading(50.0), nobody: Reading(1.0)}
        records.frame(readings, at=NOW + timedelta(seconds=5 * place))
    minutes.roll_up(NOW + timedelta(minutes=2))
    assert of("owner") == {"ada": (1, 2, 11.0), "bob": (1, 2, 50.0), "": (1, 2, 1.0)}
    assert of("template") == {"python": (1, 2, 11.0), "base": (2, 4, 50.0)}
    row = FleetGroup.objects.get(kind="owner", name="ada")
    assert (row.cpu_sum, row.cpu_min, sum(row.cpu_hist), row.cpu_hist[10], row.cpu_hist[11]) == (21.0, 10.0, 2, 1, 1)


def test_only_the_biggest_are_named_and_nobody_is_missing(monkeypatch):
    monkeypatch.setattr(groups, "BIGGEST", 1)
    records.frame({owned("ada"): Reading(1.0), owned("ada"): Reading(2.0), owned("bob"): Reading(3.0),
                   owned("eve"): Reading(4.0)})  # fmt: skip
    minutes.roll_up(NOW + timedelta(minutes=2))
    assert of("owner") == {"ada": (2, 2, 2.0), "…": (2, 2, 4.0)}
    hours.roll_up(NOW + 2 * HOUR)
    assert of("owner", 3600) == {"ada": (2, 2, 2.0), "…": (2, 2, 4.0)}


def test_an_hour_is_the_sum_of_its_minutes_however_often_it_is_added_up():
    ada, bob = owned("ada"), owned("bob")
    for minute in range(3):
        records.frame({ada: Reading(10.0 * minute, 128), bob: Reading(5.0)}, at=NOW + timedelta(minutes=minute))
    minutes.roll_up(NOW + timedelta(minutes=5))
    for _ in range(2):
        hours.roll_up(NOW + 2 * HOUR)
        assert of("owner", 3600) == {"ada": (1, 3, 20.0), "bob": (1, 3, 5.0)}
        row = FleetHour.objects.get()
        assert (row.hour, row.minutes, row.samples, row.cpu_sum, row.cpu_min, row.cpu_max) == (
            NOW,
            3,
            6,
            45.0,
            0.0,
            20.0,
        )
        assert {step: n for step, n in enumerate(row.cpu_hist) if n} == {0: 1, 5: 3, 10: 1, 20: 1}


def test_the_hour_knows_the_peak_of_a_minute():
    records.account()
    for place, running in enumerate((10, 90, 20)):
        FleetMinute.objects.create(
            account=records.account(), minute=NOW + timedelta(minutes=place), running=running, paused=0, samples=0,
            cpu_sum=0, mem_sum=0, cpu_hist=[0] * 101, mem_hist=[0] * 101, burn_usd_per_hour=running,
        )  # fmt: skip
    hours.roll_up(NOW + 2 * HOUR)
    row = FleetHour.objects.get()
    assert (row.running_min, row.running_max, row.running_sum, float(row.burn_max)) == (10, 90, 120, 90.0)
    FleetMinute.objects.all().delete()
    columns = fleet.metrics(NOW - timedelta(days=300), NOW + 2 * HOUR, now=NOW + 2 * HOUR)
    assert len(columns.t) <= 1000
    assert max(value or 0 for value in columns.running) == 90
    assert max(value or 0 for value in columns.burn_usd_per_hour) == 90


def test_killed_in_the_middle_a_minute_is_rolled_up_wholly_or_not_at_all(monkeypatch):
    records.frame({owned("ada"): Reading(1.0)})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(groups, "roll_up", killed)
        with pytest.raises(KeyboardInterrupt):
            minutes.roll_up(NOW + timedelta(minutes=2))
    assert not FleetMinute.objects.exists()
    minutes.roll_up(NOW + timedelta(minutes=2))
    assert (FleetMinute.objects.count(), of("owner")) == (1, {"ada": (1, 1, 1.0)})


def test_a_span_is_told_by_group_the_biggest_first(monkeypatch):
    monkeypatch.setattr(by_group_module, "BIGGEST", 2)
    people = {owned("ada"): 10.0, owned("ada"): 30.0, owned("bob"): 50.0, owned("eve"): 70.0}
    for minute in range(2):
        records.frame({key: Reading(cpu, 128) for key, cpu in people.items()}, at=NOW + timedelta(minutes=minute))
    minutes.roll_up(NOW + timedelta(minutes=5))
    told = fleet.by_group("owner", NOW, NOW + timedelta(minutes=4), 2, now=NOW + timedelta(minutes=4))
    assert [(one.name, one.rest) for one in told] == [("ada", False), ("bob", False), ("", True)]
    assert told[0].t == [int(NOW.timestamp()), int(NOW.timestamp()) + 120]
    assert (told[0].sandboxes, told[0].cpu_p50, told[0].cpu_p95) == ([2, None], [10.5, None], [30.5, None])
    assert (told[2].sandboxes, told[2].cpu_p50, told[2].mem_p50) == ([1, None], [70.5, None], [25.5, None])


def test_a_year_by_group_comes_from_hours():
    records.frame({owned("ada"): Reading(10.0)})
    minutes.roll_up(NOW + timedelta(minutes=5))
    hours.roll_up(NOW + 2 * HOUR)
    FleetGroup.objects.filter(span_seconds=60).delete()
    (told,) = fleet.by_group("owner", NOW - timedelta(days=365), NOW + HOUR, now=NOW + HOUR)
    assert len(told.t) <= 1000
    assert [number for number in told.sandboxes if number] == [1]
