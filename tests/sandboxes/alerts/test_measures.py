"""What single kinds measure: limits, channels that fail, our disk, samples, deaths, acts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandboxes.alerts.measures.ours import NEVER_DAYS, days_left
from sandboxes.core import disk
from sandboxes.models import Action, Alert, Channel, ChannelState, Limit, LimitState, Policy
from tests.support import records
from tests.support.judging import BEGAN, Judged
from tests.support.records import Reading


def texts(judged: Judged) -> list[str]:
    return [text for kind, text in judged.told() if kind == "alert.firing"]


def test_dead_channel_is_told_through_the_others(judged: Judged) -> None:
    judged.account()
    Channel.objects.create(name="other", kind="webhook", url="http://127.0.0.1:9/", events=["alert.firing"])
    judged.rule("channel_failed", channels=[], for_seconds=0)
    broken = Channel.objects.get(name="hook")
    ChannelState.objects.create(channel=broken, failing_since=judged.now(), error="no connection")
    judged.rounds(1)
    assert texts(judged) == ["Notifications to hook fail"]
    (told,) = Alert.objects.get().told.items()
    assert told == ("why", "no connection")
    from sandboxes.models import Delivery

    assert list(Delivery.objects.values_list("channel_name", flat=True)) == ["other"]


def test_limit_fires_at_its_share_and_a_stale_state_is_not_known(judged: Judged) -> None:
    account = judged.account()
    judged.rule("limit", limit="team", at_pct=80, for_seconds=0)
    limit = Limit.objects.create(name="team", key="owner", value="*", max_running=10)
    state = LimitState.objects.create(
        limit=limit, value="anna", account=account, state="warn", used_pct=80.0, since=judged.now(),
        at=judged.now() + timedelta(seconds=10), running=8, usd_today=Decimal(0), usd_this_month=Decimal(0),
    )  # fmt: skip
    judged.rounds(1)
    assert texts(judged) == ["anna is at 80 % of its limit team"]
    LimitState.objects.filter(pk=state.pk).update(used_pct=10.0, at=judged.now() - timedelta(minutes=2))
    judged.rounds(20)
    assert judged.alert().resolved_at is None, "nobody has judged the limit since"
    LimitState.objects.filter(pk=state.pk).update(at=judged.now() + timedelta(seconds=10))
    judged.rounds(1)
    assert judged.alert().resolved_at is not None


def test_fullest_sandbox_of_a_template_counts(judged: Judged) -> None:
    account = judged.account()
    judged.rule("usage", metric="mem_pct", above=95, for_seconds=0, group_by=["template"])
    full, empty = (records.sandbox(of=account, template_id=name) for name in ("full", "empty"))
    records.frame({full.pk: Reading(mem=500), empty.pk: Reading(mem=100)}, at=judged.now(), of=account)
    judged.rounds(1)
    assert texts(judged) == ["1 sandbox of full over 95 % memory"]
    assert (round(judged.alert().value, 1), judged.alert().examples) == (97.7, [full.sandbox_id])
    judged.rounds(30)
    assert judged.alert().resolved_at is not None or judged.alert().seen_at < judged.now(), "old samples say nothing"


@pytest.mark.parametrize(("reasons", "fires"), [(None, True), (["timeout"], True), (["request"], False)])
def test_deaths_are_counted_by_reason_within_the_window(judged: Judged, reasons: Any, fires: bool) -> None:
    account = judged.account()
    more = {"reasons": reasons} if reasons else {}
    judged.rule("deaths", above=1, window_seconds=600, for_seconds=0, **more)
    for minutes in (1, 2, 30):
        ended = judged.now() - timedelta(minutes=minutes)
        records.sandbox(
            of=account, state="ended", ended_at=ended, end_reason="timeout", started_at=ended - timedelta(hours=1)
        )
    judged.rounds(1)
    assert Alert.objects.exists() is fires
    if fires:
        assert judged.alert().value == 2
        judged.rounds(60)
        assert judged.alert().resolved_at is not None, "the window has passed"


@pytest.mark.parametrize(
    ("kind", "outcome", "rejection"),
    [("action_failed", "failed", ""), ("came_back", "came_back", ""), ("refused_starts", "refused", "at_capacity")],
)
def test_acts_that_failed_are_told_by_what_they_were(judged: Judged, kind: str, outcome: str, rejection: str) -> None:
    account = judged.account()
    for name in ("action_failed", "came_back", "refused_starts"):
        judged.rule(name, for_seconds=0)
    made = records.action(records.sandbox(of=account), requested_at=judged.now())
    records.brought_to(Action.objects.filter(pk=made.pk), "failed", outcome=outcome, rejection=rejection, error="no")
    judged.rounds(1)
    assert [one.kind for one in Alert.objects.all()] == [kind]
    assert judged.alert().told["why"] == "no"
    judged.rounds(61)
    assert judged.alert().resolved_at is not None


def test_tripped_breaker_and_brake_are_alerts_until_somebody_resets_them(judged: Judged) -> None:
    judged.account()
    judged.rule("breaker", for_seconds=0)
    policy = records.policy("old", enabled=True)
    Policy.objects.filter(pk=policy.pk).update(breaker_tripped_at=judged.now(), breaker_why="9 of 10")
    judged.rounds(2)
    assert texts(judged) == ["The safety stop of old tripped"]
    Policy.objects.filter(pk=policy.pk).update(breaker_tripped_at=None)
    judged.rounds(1)
    assert judged.alert().resolved_at is not None


def test_orphans_pauses_lives_and_money_are_measured(judged: Judged) -> None:
    account = judged.account()
    judged.rule("orphans", above=0, for_seconds=0)
    judged.rule("paused_older_than", seconds=3600, for_seconds=0)
    judged.rule("max_life", within_seconds=600, for_seconds=0)
    judged.rule("burn", usd_per_hour_above=1, for_seconds=0)
    orphan = records.sandbox(of=account, started_at=judged.now() - timedelta(hours=1), burn_usd_per_hour="2.5")
    records.verdict(orphan, records.policy(enabled=True))
    records.sandbox(of=account, state="paused", paused_at=judged.now() - timedelta(hours=2))
    records.sandbox(of=account, started_at=judged.now() - timedelta(hours=23, minutes=55))
    judged.rounds(1)
    assert sorted(texts(judged)) == [
        "$2.50/h spent", "1 sandbox held as orphans", "1 sandbox paused for longer than 1 h, one for 2 h",
        "1 sandbox reach the plan's longest life, the first in 4 min",
    ]  # fmt: skip


def test_share_of_the_cap_is_of_an_account_with_one(judged: Judged) -> None:
    judged.account("none", url="https://two.example")
    capped = judged.account(cap=4)
    judged.rule(above_pct_of_cap=75, for_seconds=0, group_by=["account"])
    for _ in range(3):
        records.sandbox(of=capped)
    judged.rounds(1)
    assert texts(judged) == ["3 of 4 running in prod, 75 % of the cap"]


def test_poll_that_is_late_is_ours_alone_to_tell(judged: Judged) -> None:
    judged.account()
    judged.rule("late", seconds=60, for_seconds=0)
    judged.rounds(7, read=False)
    assert texts(judged) == ["prod has not been polled for 1 min"]


def test_disk_is_full_at_the_pace_of_the_last_two_days() -> None:
    day = timedelta(days=1)
    readings = [(BEGAN - 3 * day, 900), (BEGAN - 2 * day, 500), (BEGAN - day, 400)]
    assert days_left(readings, BEGAN, 300) == pytest.approx(3.0)
    assert days_left(readings, BEGAN, 600) == NEVER_DAYS
    assert days_left([(BEGAN - timedelta(hours=1), 500)], BEGAN, 300) == NEVER_DAYS


def test_disk_that_is_almost_full_fires_without_a_record(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    judged.account()
    judged.rule("disk_full", within_days=3, for_seconds=0)
    judged.rounds(1)
    assert not Alert.objects.exists()
    monkeypatch.setattr(disk, "space", lambda: disk.Space(disk.GIB, 100 * disk.GIB))
    judged.rounds(1)
    assert texts(judged) == ["Our disk is full in 0 days"]
