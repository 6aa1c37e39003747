"""Habits: how runs ended, how long they were of use, and what the suggested timeout would have spared."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandboxes.cost import Habit, QuestionError, habits
from sandboxes.models import MetricSeries, Price, Sandbox
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
MINUTE, HOUR, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=7)
AN_HOUR = Decimal("0.1089")  # of two cores and half a GiB


@pytest.fixture(autouse=True)
def price(db: None) -> Any:
    Price.objects.all().delete()
    return records.price()


def ran(minutes: float, *, ended: Any = NOW - HOUR, asked: float = 60, owner: str = "ada", **run: Any) -> Sandbox:
    """A sandbox of which the only run ended then, after so many minutes; `asked` are those of its timeout."""
    began = ended - minutes * MINUTE
    box = records.sandbox(owner=owner, started_at=began, state="ended", ended_at=ended)
    told = {"ended_by": "killed", "end_at": began + asked * MINUTE, "end_reason": "request"} | run
    box.executions.create(key="r", started_at=began, ended_at=ended, **told)
    return box


def worked(box: Sandbox, minutes: float) -> None:
    """A sample of 50% CPU so long after its start; none of it later."""
    at = box.started_at + minutes * MINUTE
    hour = at.replace(minute=0, second=0, microsecond=0)
    MetricSeries.objects.create(
        sandbox=box, hour=hour, source="poll", step_seconds=5, offsets=[int((at - hour).total_seconds())], cpu=[5000],
        mem=[1], disk=[1], cpu_max=5000, mem_max=1,
    )  # fmt: skip


def only() -> Habit:
    (item,) = habits(NOW - WEEK, NOW).items
    return item


@pytest.mark.parametrize(
    ("run", "how"),
    [
        ({"end_reason": "request"}, "ended_by_owner"),
        ({"end_reason": None, "ended_by": "paused"}, "ended_by_owner"),
        ({"end_reason": "timeout"}, "timed_out"),
        ({"end_reason": None, "ended_by": "vanished", "asked": 30}, "timed_out"),
        ({"end_reason": "request", "asked": 30}, "ended_by_owner"),
        ({"end_reason": "unknown", "ended_by": "unknown"}, "ended_otherwise"),
    ],
)
def test_how_a_run_ended(run: dict[str, Any], how: str) -> None:
    ran(30, **run)
    told = only()
    ways = ("ended_by_owner", "timed_out", "ended_by_policy", "ended_otherwise")
    assert {name: getattr(told, name) for name in ways} == dict.fromkeys(ways, 0) | {how: 1}


def test_a_policy_s_kill_is_no_kill_of_the_owner() -> None:
    box = ran(30)
    records.action(
        box, "kill", "confirmed", actor_kind="policy", actor_name="p", outcome="killed",
        answered_at=NOW - HOUR + timedelta(seconds=20),
    )  # fmt: skip
    assert (only().ended_by_policy, only().ended_by_owner) == (1, 0)


def test_medians_of_life_and_of_the_timeout_asked_for() -> None:
    for minutes, asked in ((10, 60), (20, 60), (50, 90)):
        ran(minutes, asked=asked)
    assert (only().median_life_seconds, only().median_timeout_seconds) == (1200, 3600)


def test_pauses_under_five_minutes_are_counted() -> None:
    box = ran(30, ended_by="paused", end_reason=None)
    for key, gap in (("soon", 4.9), ("late", 0)):
        start = NOW - HOUR + gap * MINUTE if key == "soon" else NOW - 20 * MINUTE
        end = start + 10 * MINUTE
        box.executions.create(key=key, started_at=start, ended_at=end, ended_by="paused", end_at=start + HOUR)
    assert (only().runs, only().short_pauses) == (3, 1)


def test_only_runs_that_ended_in_the_span_count_and_whole() -> None:
    ran(30, ended=NOW)
    ran(30, ended=NOW - WEEK - MINUTE)
    assert habits(NOW - WEEK, NOW).items == []
    ran(60, ended=NOW - WEEK + MINUTE)
    assert only().median_life_seconds == 3600
    with pytest.raises(QuestionError, match="from must lie before to"):
        habits(NOW, NOW)


def test_the_suggested_timeout_covers_99_of_100_and_spares_the_time_after_it() -> None:
    for number in range(24):
        box = ran(60, ended=NOW - HOUR - number * MINUTE)
        worked(box, 9.5)  # of use for nine and a half minutes
    told = only()
    assert (told.measured, told.suggested_timeout_seconds) == (24, 600)
    assert told.idle_usd == (24 * AN_HOUR * Decimal("50.5") / 60).quantize(Decimal("0.000001"))
    assert told.saves_usd == 24 * AN_HOUR * 50 / 60


def test_who_was_of_use_for_longer_is_not_counted_as_spared() -> None:
    for number in range(199):
        worked(ran(60, ended=NOW - HOUR - number * MINUTE), 9.5)
    worked(ran(60), 59)
    told = only()
    assert told.suggested_timeout_seconds == 600
    assert told.saves_usd == 199 * AN_HOUR * 50 / 60


def test_of_too_few_runs_nothing_is_suggested() -> None:
    for number in range(19):
        worked(ran(60, ended=NOW - HOUR - number * MINUTE), 9.5)
    ran(60)  # of which there is no sample
    told = only()
    assert (told.runs, told.measured, told.suggested_timeout_seconds, told.saves_usd) == (20, 19, None, None)
    assert told.idle_usd > 0


def test_money_is_by_the_price_of_each_second() -> None:
    Price.objects.create(since=NOW - 90 * MINUTE, usd_per_vcpu_second="0.000028", usd_per_gib_second="0.000009")
    for _ in range(20):
        worked(ran(60), 0.5)  # half of the hour at twice the price
    assert only().suggested_timeout_seconds == 60
    assert only().saves_usd == 20 * (AN_HOUR * 29 / 60 + 2 * AN_HOUR * 30 / 60)


def test_the_row_that_saves_most_comes_first() -> None:
    for owner, minutes in (("little", 20), ("much", 60)):
        for _ in range(20):
            worked(ran(minutes, owner=owner), 0.5)
    assert [item.owner for item in habits(NOW - WEEK, NOW).items] == ["much", "little"]
