"""Rules judged from the record: what fires, what is told, what is held back, and that one failure is one alone."""

from datetime import timedelta
from typing import Any

import pytest

from sandboxes.alerts import acknowledging, book, judging, silences
from sandboxes.models import Account, AccountHealth, Alert, AlertClock, AlertRule, AlertWatch, Notification, Sandbox
from tests.support import records
from tests.support.judging import BEGAN, Judged


def boxes(judged: Judged, count: int, of: Account, **fields: Any) -> None:
    for _ in range(count):
        records.sandbox(of=of, started_at=judged.now() - timedelta(hours=1), **fields)


def test_alert_fires_after_its_time_is_told_once_and_then_that_it_is_over(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=2)
    boxes(judged, 3, account)
    began = judged.now() + timedelta(seconds=10)
    judged.rounds(6)
    assert not Alert.objects.exists()
    judged.rounds(1)
    alert = judged.alert()
    assert (alert.state, alert.value, alert.threshold, alert.count, len(alert.examples)) == ("firing", 3, 2, 3, 3)
    assert (alert.started_at, alert.fired_at) == (began, judged.now())
    judged.rounds(20)
    assert judged.told() == [("alert.firing", "3 sandboxes running")]
    Sandbox.objects.update(state="ended", ended_at=judged.now())
    judged.rounds(7)
    alert.refresh_from_db()
    assert (alert.state, alert.resolved_at) == ("resolved", judged.now())
    assert [kind for kind, _ in judged.told()] == ["alert.firing", "alert.resolved"]
    assert not AlertWatch.objects.exists()


def test_it_is_told_again_after_its_time_until_somebody_has_it(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=0, for_seconds=0, repeat_seconds=300)
    boxes(judged, 1, account)
    judged.rounds(62)
    assert [kind for kind, _ in judged.told()] == ["alert.firing"] * 3
    acknowledging.acknowledge(judged.alert(), "anna", "looking")
    judged.rounds(61)
    assert [kind for kind, _ in judged.told()] == [*["alert.firing"] * 3, "alert.acknowledged"]
    assert (judged.alert().acknowledged_by, judged.alert().state) == ("anna", "acknowledged")


def test_three_hundred_sandboxes_hit_at_once_are_one_message(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=0, for_seconds=0)
    boxes(judged, 300, account)
    judged.rounds(3)
    assert judged.told() == [("alert.firing", "300 sandboxes running")]
    assert len(judged.alert().examples) == 10


def test_groups_have_alerts_of_their_own_until_they_are_a_crowd(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=0, for_seconds=0, group_by=["owner"])
    for number in range(20):
        boxes(judged, 1, account, owner=f"u{number}")
    judged.rounds(1)
    assert Alert.objects.count() == 20
    assert {one.group["owner"] for one in Alert.objects.all()} == {f"u{number}" for number in range(20)}
    boxes(judged, 1, account, owner="one more")
    judged.rounds(1)
    crowd = Alert.objects.get(group_key="*")
    assert (crowd.count, Alert.objects.count()) == (1, 21)
    Sandbox.objects.update(state="ended")
    judged.rounds(1)
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_many_groups_at_once_are_one_alert(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=0, for_seconds=0, group_by=["owner"])
    for number in range(21):
        boxes(judged, 1, account, owner=f"u{number}")
    judged.rounds(2)
    assert judged.told() == [("alert.firing", "21 groups of one rule at once: running")]
    assert (judged.alert().count, judged.alert().group) == (21, {})


def test_accounts_of_one_backend_that_fail_alike_are_one_alert(judged: Judged) -> None:
    same = [judged.account(name, url="https://one.example") for name in ("prod", "staging")]
    other = judged.account("lab", url="https://two.example")
    judged.rule("unreadable")
    for account in (*same, other):
        judged.fails(account)
    judged.rounds(8)
    told = sorted(text for _, text in judged.told())
    assert told == ["lab can't be read for 1 min", "prod, staging can't be read for 1 min"]
    assert Alert.objects.get(group={"backend": "one.example"}).accounts == sorted(one.pk for one in same)
    refused = judged.account("trial", url="https://one.example")
    judged.fails(refused, "GET /v2/sandboxes answered 401. Check the account's API key and what it may do")
    judged.rounds(7)
    assert ("alert.firing", "The key of trial is refused") in judged.told()


def test_account_that_cannot_be_read_holds_back_its_other_rules_and_no_other_account(judged: Judged) -> None:
    """It neither fires nor resolves what rests on it; afterwards fresh data decide."""
    prod, lab = judged.account("prod"), judged.account("lab", url="https://two.example")
    judged.rule("unreadable")
    judged.rule(above=0, for_seconds=30, group_by=["account"])
    judged.rule("late", seconds=60)
    boxes(judged, 1, prod)
    judged.rounds(4)
    judged.fails(prod)
    boxes(judged, 1, lab)
    Sandbox.objects.filter(account=prod).update(state="ended")
    judged.rounds(60)
    open_now = {(one.kind, one.group.get("account")) for one in Alert.objects.filter(resolved_at=None)}
    assert open_now == {("running", "prod"), ("running", "lab"), ("unreadable", "prod")}
    judged.works(prod)
    judged.rounds(8)
    assert {one.group["account"] for one in Alert.objects.filter(resolved_at=None)} == {"lab"}


@pytest.mark.parametrize("what", ["rule", "account", "start"])
def test_what_is_new_only_records_and_is_told_if_it_still_fires(judged: Judged, what: str) -> None:
    account = judged.account()
    made = judged.rule(above=0, for_seconds=0)
    match what:
        case "rule":
            AlertRule.objects.filter(pk=made.pk).update(records_until=judged.now() + book.RECORDS_FOR)
        case "account":
            Account.objects.update(created_at=judged.now())
        case "start":
            judging.began(judged.now())
    boxes(judged, 1, account)
    judged.rounds(89)
    assert (judged.told(), judged.alert().held_back) == ([], "recording")
    judged.rounds(2)
    assert [kind for kind, _ in judged.told()] == ["alert.firing"]


def test_what_ended_before_it_was_told_is_never_told(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=0, for_seconds=0)
    judging.began(judged.now())
    boxes(judged, 1, account)
    judged.rounds(3)
    Sandbox.objects.update(state="ended")
    judged.rounds(100)
    assert judged.told() == []
    assert judged.alert().state == "resolved"


def test_silence_holds_back_and_its_end_tells(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=0, for_seconds=0, group_by=["owner"])
    boxes(judged, 1, account, owner="anna")
    quiet = silences.make({"owner": "anna"}, judged.now() + timedelta(hours=1), "known", "bob", None)
    silences.make({"owner": "carla"}, judged.now() + timedelta(hours=1), "another", "bob", None)
    judged.rounds(3)
    alert = judged.alert()
    assert (judged.told(), alert.silence_id, alert.held_back) == ([], quiet.pk, "silenced")
    silences.end(quiet, "bob")
    judged.rounds(1)
    assert [kind for kind, _ in judged.told()] == ["alert.firing"]


def test_one_rule_that_cannot_be_judged_hinders_no_other(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    account = judged.account()
    broken = judged.rule(above=0, for_seconds=0)
    judged.rule("orphans", above=0, for_seconds=0)
    AlertRule.objects.filter(pk=broken.pk).update(given={"above": "many"})
    policy = records.policy(enabled=True)
    box = records.sandbox(of=account, started_at=judged.now())
    records.verdict(box, policy)
    judged.rounds(1)
    assert [kind for kind, _ in judged.told()] == ["alert.firing"]
    broken.refresh_from_db()
    assert "above" in broken.error
    AlertRule.objects.filter(pk=broken.pk).update(given={"above": 0})
    judged.rounds(1)
    broken.refresh_from_db()
    assert broken.error == ""


def test_rule_that_changes_begins_anew_and_only_records(judged: Judged) -> None:
    from sandboxes.alerts.rules import parse

    account = judged.account()
    rule = judged.rule(above=0, for_seconds=0)
    boxes(judged, 1, account)
    judged.rounds(1)
    same = {"name": "running", "kind": "running", "for_seconds": 0, "above": 0, "channels": ["hook"]}
    book.write(parse(same | {"severity": "critical"}), rule)
    judged.rounds(1)
    assert judged.alert().resolved_at is None, "who is told how loudly changes nothing about what fires"
    book.write(parse(same | {"above": 1}), rule)
    judged.rounds(1)
    assert judged.alert().resolved_at is not None
    assert [kind for kind, _ in judged.told()] == ["alert.firing", "alert.resolved"]


def test_deleted_rule_ends_what_it_fires_and_says_so(judged: Judged) -> None:
    account = judged.account()
    rule = judged.rule(above=0, for_seconds=0)
    boxes(judged, 1, account)
    judged.rounds(1)
    book.delete(rule)
    judged.rounds(1)
    assert [kind for kind, _ in judged.told()] == ["alert.firing", "alert.resolved"]
    assert judged.alert().rule_name == "running"


def test_two_workers_never_judge_at_once(judged: Judged) -> None:
    import psycopg
    from django.db import connection

    parameters = connection.get_connection_params()
    wanted = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    with psycopg.connect(**wanted) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [judging.LOCK])
        assert judging.judge_all() is False
        other.execute("SELECT pg_advisory_unlock(%s)", [judging.LOCK])
    assert judging.judge_all() is True


def test_nothing_is_told_without_a_channel_and_it_is_said(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=0, for_seconds=0, channels=[])
    boxes(judged, 1, account)
    judged.rounds(2)
    assert (Notification.objects.count(), judged.alert().held_back, judged.alert().told_at) == (0, "no channel", None)


def test_round_notes_when_it_was_done_and_what_it_cost(judged: Judged) -> None:
    judged.account()
    judged.rounds(1)
    clock = AlertClock.objects.get()
    assert clock.judged_at == judged.now() > BEGAN
    assert clock.seconds is not None
    assert len(clock.disk_free) == 1
    assert AccountHealth.objects.count() == 1
