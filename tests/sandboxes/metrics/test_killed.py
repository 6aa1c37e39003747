"""Compaction killed at any statement: what was done stays done, the rest is done the next time, and nothing twice."""

from datetime import timedelta

import pytest
from django.db.backends.utils import CursorWrapper

from sandboxes.metrics.series import compact_all, hours, minutes, rollup_hours, rollup_samples
from sandboxes.models import (
    FleetGroup,
    FleetHour,
    FleetMinute,
    FleetTen,
    MetricFrame,
    MetricSeries,
    SeriesHours,
    SeriesMinutes,
)
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=3)
MOST_STATEMENTS = 400


class Killed(BaseException):
    """As hard as a signal: nobody catches it."""


def watched() -> None:
    """Two sandboxes for three minutes, a frame each 15 s, in two parts."""
    one, two = records.sandbox(owner="ada").pk, records.sandbox(owner="bob").pk
    for place in range(12):
        at = NOW + timedelta(seconds=15 * place)
        for shard, key in ((0, one), (1, two)):
            records.frame({key: Reading(float(place), 100)}, at=at, shard=shard, shards=2)


def all_steps() -> None:
    minutes.roll_up(LATER)
    while MetricFrame.objects.filter(compacted=False).exists():
        rollup_samples.compact_frames(LATER, limit=7)
    rollup_hours.roll_up(LATER)
    hours.roll_up(LATER)


def told() -> list[str]:
    """All figures that must be the same however often it was killed."""
    plain = {"id", "burn_usd_per_hour"}
    rows = []
    for model in (MetricSeries, SeriesMinutes, SeriesHours, FleetMinute, FleetTen, FleetHour, FleetGroup):
        names = [field.attname for field in model._meta.concrete_fields if field.attname not in plain]
        rows += sorted(map(str, model.objects.values_list(*names)))
    return rows


def test_killed_at_every_statement_in_turn_it_ends_with_the_same_record(monkeypatch):
    records.price()
    watched()
    execute, left = CursorWrapper.execute, [0]

    def counted(self, sql, params=None):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return execute(self, sql, params)

    kills = 0
    with monkeypatch.context() as patch:
        patch.setattr(CursorWrapper, "execute", counted)
        for allowed in range(1, MOST_STATEMENTS):
            left[0] = allowed
            try:
                all_steps()
            except Killed:
                kills += 1
                continue
            break
    assert kills > 10, "it was killed at many places"
    once = told()
    for model in (MetricSeries, SeriesMinutes, SeriesHours, FleetMinute, FleetTen, FleetHour, FleetGroup):
        model.objects.all().delete()
    MetricFrame.objects.update(compacted=False)
    all_steps()
    assert told() == once
    assert sum(FleetMinute.objects.values_list("samples", flat=True)) == 24
    assert sum(len(row.offsets) for row in MetricSeries.objects.all()) == 24
    assert [sum(row.samples) for row in SeriesHours.objects.all()] == [12, 12]
    assert FleetHour.objects.get().samples == 24


def test_all_of_it_at_once_does_the_same():
    records.price()
    watched()
    compact_all(LATER)
    first = told()
    compact_all(LATER)
    assert told() == first
    assert FleetHour.objects.get().samples == 24
