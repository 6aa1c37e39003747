"""The Alerts pages: what fires, who has it, silences, rules and their preview."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from sandboxes.alerts import silences
from sandboxes.models import AlertRule, Channel, Sandbox, Silence
from tests.support import judging, records
from tests.support.judging import Judged
from tests.support.settings_pages import text

RULE = {
    "kind": "running", "name": "many", "above": "1", "for_seconds": "0", "severity": "critical", "group_by": ["owner"],
    "channels": ["hook"], "repeat_seconds": "14400", "enabled": "on",
}  # fmt: skip


@pytest.fixture
def judged(transactional_db: None, mailbox: Any) -> Iterator[Judged]:
    with judging.judged() as made:
        yield made


@pytest.fixture
def staff(judged: Judged, static_files: Any) -> Client:
    signed_in = Client()
    signed_in.force_login(records.member("boss", "admin"))
    return signed_in


@pytest.fixture
def viewer(judged: Judged, static_files: Any) -> Client:
    signed_in = Client()
    signed_in.force_login(records.member("eve", "viewer"))
    return signed_in


@pytest.fixture
def fired(judged: Judged) -> Any:
    account = judged.account()
    judged.rule(name="many", above=1, for_seconds=0, group_by=["owner"], severity="critical")
    for _ in range(2):
        records.sandbox(of=account, owner="anna", started_at=judged.now() - timedelta(hours=1))
    judged.rounds(1)
    return judged.alert()


def test_alert_is_a_sentence_with_its_value_limit_and_channel(fired: Any, staff: Client) -> None:
    page = text(staff.get("/alerts/"))
    for said in ("2 sandboxes", "running of anna", "many", "limit 1", "hook", "Acknowledge", "critical"):
        assert said in page, said
    unfolded = text(staff.get(f"/alerts/{fired.pk}/"))
    assert "Fired" in unfolded
    assert fired.examples[0] in unfolded


def test_acknowledging_names_who_has_it_and_can_be_undone(fired: Any, staff: Client) -> None:
    assert staff.post(f"/alerts/{fired.pk}/acknowledge/").status_code == 302
    assert "boss" in text(staff.get("/alerts/"))
    staff.post(f"/alerts/{fired.pk}/acknowledge/", {"do": "undo"})
    fired.refresh_from_db()
    assert (fired.state, fired.acknowledged_by) == ("firing", "")


def test_viewer_sees_and_changes_nothing(fired: Any, viewer: Client) -> None:
    assert "Acknowledge" not in text(viewer.get("/alerts/"))
    for path in (f"/alerts/{fired.pk}/acknowledge/", "/alerts/silences/", "/alerts/rules/new/"):
        assert viewer.post(path).status_code == 403, path
    assert viewer.post(f"/alerts/rules/{fired.rule_id}/switch/").status_code == 403


def test_nothing_firing_says_how_it_is_watched(judged: Judged, staff: Client) -> None:
    judged.account()
    judged.rule(above=5)
    judged.rounds(1)
    page = text(staff.get("/alerts/"))
    assert "Nothing is firing." in page
    assert "1 rule is on" in page


def test_without_a_channel_the_one_filled_button_adds_one(judged: Judged, staff: Client) -> None:
    Channel.objects.all().delete()
    page = staff.get("/alerts/").content.decode()
    assert "Nobody is notified." in page
    assert page.count("btn main") == 1


def test_resolved_alert_is_in_the_day_and_in_the_history(fired: Any, judged: Judged, staff: Client) -> None:
    Sandbox.objects.update(state="ended")
    judged.rounds(1)
    assert "Resolved" in text(staff.get("/alerts/"))
    for path, there in (("", True), ("?rule=many", True), ("?severity=info", False), ("?rule=other", False)):
        assert ("running of anna" in text(staff.get(f"/alerts/history/{path}"))) is there, path


def test_silence_is_made_from_an_alert_and_ended(fired: Any, judged: Judged, staff: Client) -> None:
    form = staff.get("/alerts/silences/?rule=many&owner=anna").content.decode()
    assert 'value="anna"' in form
    wrong = staff.post("/alerts/silences/", {"owner": "anna", "seconds": "3600", "reason": ""})
    assert wrong.status_code == 422
    assert "reason is missing" in text(wrong)
    assert not Silence.objects.exists()
    staff.post("/alerts/silences/", {"owner": "anna", "seconds": "3600", "reason": "load test"})
    judged.rounds(1)
    page = text(staff.get("/alerts/"))
    assert "silenced by boss" in page
    made = Silence.objects.get()
    assert (made.match, made.until - made.since) == ({"owner": "anna"}, timedelta(hours=1))
    staff.post(f"/alerts/silences/{made.pk}/end/")
    assert not silences.active(judged.now())


def test_rule_is_made_changed_switched_and_deleted(judged: Judged, staff: Client) -> None:
    assert "Orphans" in text(staff.get("/alerts/rules/new/"))
    assert 'name="above_pct_of_cap"' in staff.get("/alerts/rules/new/?kind=running").content.decode()
    assert staff.post("/alerts/rules/new/", RULE).status_code == 302
    rule = AlertRule.objects.get()
    assert (rule.given, rule.group_by, rule.channels, rule.severity) == (
        {"above": 1.0},
        ["owner"],
        ["hook"],
        "critical",
    )
    page = text(staff.get("/alerts/rules/"))
    assert "over 1" in page
    path = f"/alerts/rules/{rule.pk}/"
    wrong = staff.post(path, RULE | {"above": "lots"})
    assert wrong.status_code == 422
    assert "above" in text(wrong)
    staff.post(path, RULE | {"above": "7", "metadata_key": "team"})
    rule.refresh_from_db()
    assert (rule.given, rule.group_by) == ({"above": 7.0}, ["owner", "metadata.team"])
    staff.post(f"{path}switch/")
    rule.refresh_from_db()
    assert rule.enabled is False
    staff.post(path, {"do": "delete"})
    assert not AlertRule.objects.exists()


def test_preview_says_what_it_would_have_told(judged: Judged, staff: Client) -> None:
    account, now = judged.account(), judged.now()
    for number in range(2):
        box = records.sandbox(
            of=account, owner="anna", started_at=now - timedelta(hours=2), state="ended", ended_at=now
        )
        box.executions.create(
            execution_id=f"e{number}", started_at=box.started_at, ended_at=now - timedelta(hours=1), ended_by="killed"
        )
    page = text(staff.post("/alerts/rules/preview/", RULE))
    assert "It would have fired <b>1 time</b>, for <b>1 h</b>" in page
    assert "anna" in page
    assert "Nothing is beyond the limit now." in page
    assert "above" in text(staff.post("/alerts/rules/preview/", RULE | {"above": ""}))


def test_menu_counts_what_nobody_has(fired: Any, staff: Client) -> None:
    menu = staff.get("/cost/").content.decode()
    assert 'title="alerts that fire"' in menu
    staff.post(f"/alerts/{fired.pk}/acknowledge/")
    after = staff.get("/cost/").content.decode()
    assert text_after(menu) != text_after(after)


def text_after(page: str) -> str:
    return page.split('title="alerts that fire"')[1].split("</a>", maxsplit=1)[0]
