"""The chart of events by type: its step fits the time, its bars stand on one scale, its ticks on round times."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.events.chart import HEIGHT, MOST_BARS, USUAL, axis_of, lanes, ticks

NOW = datetime(2026, 8, 21, 12, 0, 20, tzinfo=UTC)


def link(kind: str, start: datetime, end: datetime) -> str:
    return f"{kind} {start:%H:%M:%S} {end:%H:%M:%S}"


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(seconds=10), timedelta(seconds=1)),
        (timedelta(minutes=15), timedelta(seconds=15)),
        (timedelta(hours=1), timedelta(minutes=1)),
        (timedelta(hours=24), timedelta(minutes=30)),
        (timedelta(days=7), timedelta(hours=3)),
        (timedelta(days=90), timedelta(days=2)),
    ],
)
def test_step_fits_the_time(length: timedelta, step: timedelta) -> None:
    axis = axis_of(NOW - length, NOW)
    assert axis.step == step
    assert axis.start <= NOW - length < axis.start + step
    assert axis.end - step < NOW <= axis.end
    assert axis.count <= MOST_BARS


def test_a_time_without_length_is_one_step() -> None:
    assert axis_of(NOW, NOW).count == 1
    assert axis_of(NOW + timedelta(days=1), NOW).count == 1


def test_centuries_are_drawn_in_the_coarsest_step() -> None:
    axis = axis_of(datetime(1970, 1, 1, tzinfo=UTC), datetime(2970, 1, 1, tzinfo=UTC))
    assert axis.step == timedelta(days=30)


def test_ticks_stand_on_round_times_within_the_axis() -> None:
    found = ticks(axis_of(NOW - timedelta(hours=1), NOW))
    assert [text for _, text in found] == ["11:10", "11:20", "11:30", "11:40", "11:50"]
    assert all(0 < float(place) < 100 for place, _ in found)
    assert [text for _, text in ticks(axis_of(NOW - timedelta(days=7), NOW))][:2] == ["15 Aug", "16 Aug"]


def test_bars_of_all_types_stand_on_one_scale() -> None:
    axis = axis_of(NOW - timedelta(hours=1), NOW)
    drawn = {lane.kind: lane for lane in lanes({"created": {0: 10, 60: 5}, "killed": {60: 1}}, axis, link)}
    assert [bar.height for bar in drawn["created"].bars] == [f"{HEIGHT:.1f}", f"{HEIGHT / 2:.1f}"]
    assert [bar.height for bar in drawn["killed"].bars] == [f"{HEIGHT / 10:.1f}"]
    assert drawn["created"].count == 15
    assert drawn["created"].bars[1].newest


def test_bar_leads_to_the_events_of_its_step() -> None:
    axis = axis_of(NOW - timedelta(hours=1), NOW)
    (bar,) = lanes({"killed": {10: 3}}, axis, link)[USUAL.index("killed")].bars
    assert bar.link == "killed 11:10:00 11:11:00"


def test_usual_types_have_a_lane_without_events_and_others_only_with_them() -> None:
    axis = axis_of(NOW - timedelta(hours=1), NOW)
    assert [lane.kind for lane in lanes({}, axis, link)] == [*USUAL]
    named = [lane.kind for lane in lanes({"checkpointed": {0: 1}}, axis, link, chosen=("odd",))]
    assert named == [*USUAL, "checkpointed", "odd"]
