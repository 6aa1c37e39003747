"""The pages as they leave the server: who sees them, what they say, what they do."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.sandboxes import filters
from sandboxes.models import AccountHealth, Action, SandboxLock
from tests.support import records

PATHS = ["/", "/sandboxes/", "/events/", "/cleanup/"]


@pytest.mark.parametrize("path", [*PATHS, "/sandboxes/iany/", "/fleet/needs/"])
@pytest.mark.django_db
def test_every_page_asks_for_a_sign_in(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize("path", PATHS)
def test_every_page_shows_on_an_empty_record(path: str, person: Client) -> None:
    assert person.get(path).status_code == 200


@pytest.mark.django_db
def test_a_wrong_password_is_told_and_the_right_one_leads_in(static_files: Path, django_user_model: type[User]) -> None:
    django_user_model.objects.create_user("ada", password="right-password")
    client = Client()
    wrong = client.post("/login/", {"username": "ada", "password": "no"})
    assert b"Wrong username or password" in wrong.content
    right = client.post("/login/?next=/events/", {"username": "ada", "password": "right-password", "next": "/events/"})
    assert right["Location"] == "/events/"


@pytest.mark.django_db
def test_cursor_is_where_one_types_next(static_files: Path) -> None:
    fresh = Client().get("/login/").content.decode()
    again = Client().post("/login/", {"username": "ada", "password": "no"}).content.decode()
    for page, field in ((fresh, "username"), (again, "password")):
        (focused,) = re.findall(r"<input[^>]*autofocus[^>]*>", page)
        assert f'name="{field}"' in focused


def test_menu_says_where_one_is_on_pages_within_pages(person: Client) -> None:
    policy, box = records.policy(), records.sandbox()
    for path, current in (
        ("/cleanup/policies/new/", "/cleanup/"), (f"/cleanup/policies/{policy.pk}/", "/cleanup/"),
        (f"/cleanup/policies/{policy.pk}/trust/", "/cleanup/"), ("/settings/account/", "/settings/"),
        ("/settings/password/", "/settings/"), (f"/sandboxes/{box.sandbox_id}/", "/sandboxes/"),
        ("/events/deliveries/", "/events/"),
    ):  # fmt: skip
        menu = re.search(r'<nav class="menu".*?</nav>', person.get(path).content.decode(), re.DOTALL)
        assert menu is not None
        assert re.findall(r'href="([^"]+)"\s+aria-current="page"', menu[0]) == [current], path


def test_simulated_band_stays_away_once_it_was_put_away(person: Client) -> None:
    records.account("demo", simulated=True)
    person.cookies["simulated"] = "seen"
    assert b"data-simulated" not in person.get("/").content


def test_a_simulated_fleet_is_marked_on_every_page_and_a_real_one_is_not(person: Client) -> None:
    demo = records.account("demo", simulated=True)
    box = records.sandbox(of=demo)
    for path in [*PATHS, f"/sandboxes/{box.sandbox_id}/"]:
        assert b"data-simulated" in person.get(path).content, path
    records.account("default")
    assert b"data-simulated" not in person.get("/").content


def test_the_theme_of_the_cookie_is_in_the_first_byte(person: Client) -> None:
    assert b'data-theme="system"' in person.get("/").content, "until somebody chooses"
    for name in ("light", "dark", "system"):
        person.cookies["theme"] = name
        assert f'data-theme="{name}"'.encode() in person.get("/").content
    person.cookies["theme"] = '"><script>'
    assert b'data-theme="system"' in person.get("/").content


def test_keys_have_no_thousands_apart(person: Client) -> None:
    box = records.sandbox(id=1_234_567)
    assert b'data-key="1234567"' in person.get("/sandboxes/").content
    assert b'data-sandbox="1234567"' in person.get(f"/sandboxes/{box.sandbox_id}/").content


def test_what_a_sandbox_says_of_itself_is_never_markup(person: Client) -> None:
    records.sandbox("ievil", owner="<script>alert(1)</script>", metadata={"<b>k": "</script><i>v"})
    for path in ("/sandboxes/", "/sandboxes/ievil/"):
        assert b"<script>alert" not in person.get(path).content
        assert b"</script><i>" not in person.get(path).content


def test_the_address_filters_the_table_and_says_so(person: Client) -> None:
    records.sandbox("ihers", owner="ada")
    records.sandbox("ihis", owner="bob")
    page = person.get("/sandboxes/?owner=ada").content.decode()
    assert "ihers" in page
    assert "ihis" not in page
    assert "Remove the filter owner is ada" in page


def test_an_address_that_makes_no_sense_is_told_in_words(person: Client) -> None:
    answer = person.get("/sandboxes/?cpu_min=lots")
    assert answer.status_code == 400
    assert b"cpu_min must be a number" in answer.content


def test_more_rows_than_a_page_come_by_the_last_row(person: Client) -> None:
    for _ in range(51):
        records.sandbox()
    first = person.get("/sandboxes/")
    more = first.context["more"]
    rest = person.get(f"/sandboxes/{more}", headers={"HX-Request": "true"})
    assert first.content.count(b"<tr data-key") == 50
    assert rest.content.count(b"<tr data-key") == 1
    assert b"<html" not in rest.content


def test_ages_can_be_asked_for_as_people_write_them() -> None:
    assert filters.query_of({"age_min": "20m", "age_max": "1.5h"}).age_min == 1200
    assert filters.query_of({"age_max": "2d"}).age_max == 2 * 86400
    assert filters.query_of({"meta": "run=9f"}).metadata == {"run": "9f"}


def test_a_sandbox_nobody_knows_is_not_found(person: Client) -> None:
    assert person.get("/sandboxes/inone/").status_code == 404


def test_a_sandbox_says_why_it_is_an_orphan_and_when_it_is_put_away(person: Client) -> None:
    box = records.sandbox("iold", started_at=timezone.now() - timedelta(hours=3))
    rule = records.policy("reap-old")
    records.verdict(box, rule)
    due = timezone.now() + timedelta(minutes=4)
    records.action(box, state="grace", act_at=due, actor_kind="policy", actor_name="reap-old", policy=rule)
    page = person.get("/sandboxes/iold/").content.decode()
    assert "Why it is an orphan" in page
    assert re.search("Running for <b><time [^>]*>3 h</time></b>", page.replace("\n          ", " "))
    assert "limit 1 min" in page
    assert "all 2 conditions are met" in page
    assert re.search(r'Kill <b class="orph"><time [^>]*>in (3 min 5\d|4 min 00) s</time>', page)
    assert ">Stop<" in page


def test_a_sandbox_that_is_no_orphan_says_which_limit_it_keeps(person: Client) -> None:
    records.policy("old", orphan_when={"older_than_seconds": 86400})
    records.sandbox("iyoung", started_at=timezone.now() - timedelta(hours=2))
    page = person.get("/sandboxes/iyoung/").content.decode()
    assert "Why it isn't an orphan" in page
    said = " ".join(re.sub("<[^>]+>", "", page).split())
    assert "Running for 2 h; limit 1 d" in said
    assert "1 of 2 conditions met" in page


def test_the_question_before_a_kill_of_many_asks_for_the_count(person: Client) -> None:
    boxes = [records.sandbox(burn_usd_per_hour="0.25") for _ in range(3)]
    page = person.post("/act/ask/", {"kind": "kill", "key": [box.pk for box in boxes]}).content.decode()
    assert "Kill 3 sandboxes?" in page
    assert "Type 3 to confirm" in page
    assert "$0.750/h" in page


def test_a_kill_of_many_without_the_count_kills_nobody(person: Client) -> None:
    boxes = [records.sandbox() for _ in range(2)]
    keys = [box.pk for box in boxes]
    assert person.post("/act/", {"kind": "kill", "key": keys, "typed": "3"}).status_code == 422
    assert not Action.objects.exists()
    assert person.post("/act/", {"kind": "kill", "key": keys, "typed": "2"}).status_code == 202
    assert {(one.kind, one.actor_name) for one in Action.objects.all()} == {("kill", "ada")}


def test_an_act_that_does_not_fit_is_refused_in_words(person: Client) -> None:
    box = records.sandbox(state="ended", ended_at=timezone.now())
    answer = person.post("/act/", {"kind": "pause", "key": box.pk})
    told = json.loads(answer["HX-Trigger"])["toast"]
    assert (answer.status_code, told["ok"]) == (409, False)
    assert "ended" in told["text"]


def test_protection_holds_at_once_and_until_the_hour_asked_for(person: Client) -> None:
    box = records.sandbox()
    assert (
        person.post("/act/", {"kind": "protect", "key": box.pk, "minutes": "60", "reason": "a demo"}).status_code == 202
    )
    lock = SandboxLock.objects.get(pk=box.lock_id)
    assert lock.protected
    assert lock.protected_until is not None
    assert timedelta(minutes=59) < lock.protected_until - timezone.now() <= timedelta(minutes=60)


@pytest.mark.parametrize("minutes", ["inf", "nan", "-5", "0", "1e300", "1e308", "soon"])
def test_minutes_that_cannot_be_are_refused_in_words(person: Client, minutes: str) -> None:
    box = records.sandbox()
    for kind in ("extend", "protect"):
        answer = person.post("/act/", {"kind": kind, "key": box.pk, "minutes": minutes})
        assert (answer.status_code, json.loads(answer["HX-Trigger"])["toast"]["ok"]) == (409, False)


@pytest.mark.parametrize("key", ["9" * 30, "²", "-1", "x"])
def test_a_key_that_is_none_selects_nothing(person: Client, key: str) -> None:
    assert person.post("/act/", {"kind": "kill", "key": key}).status_code == 400


def test_a_reason_is_kept_without_what_the_database_cannot_hold(person: Client) -> None:
    box = records.sandbox()
    assert person.post("/act/", {"kind": "protect", "key": box.pk, "reason": "a\0b"}).status_code == 202
    assert Action.objects.get().reason == "ab"


def test_a_mark_in_grace_can_be_stopped(person: Client) -> None:
    mark = records.action(
        records.sandbox(), state="grace", actor_kind="policy", act_at=timezone.now() + timedelta(minutes=5)
    )
    assert person.post(f"/act/{mark.pk}/stop/").status_code == 202
    mark.refresh_from_db()
    assert mark.state == "cancelled"
    assert person.post(f"/act/{mark.pk}/stop/").status_code == 409


def test_acts_need_the_token_against_forgery(person: Client) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = person.cookies
    box = records.sandbox()
    assert careful.post("/act/", {"kind": "kill", "key": box.pk}).status_code == 403
    assert person.get("/act/").status_code == 405


def test_siblings_and_charts_are_asked_for_after_the_page(person: Client) -> None:
    records.sandbox("ione", owner="ada")
    records.sandbox("itwo", owner="ada", cpu_pct=80)
    page = person.get("/sandboxes/ione/").content.decode()
    assert 'hx-get="/sandboxes/ione/siblings/"' in page
    assert "itwo" not in page
    assert "itwo" in person.get("/sandboxes/ione/siblings/").content.decode()
    assert person.get("/sandboxes/inone/siblings/").status_code == 404


def test_a_list_that_fails_is_told_where_an_empty_fleet_would_be(person: Client) -> None:
    AccountHealth.objects.create(account=records.account(), sync_error="answered 401: check the key")
    assert "answered 401: check the key" in person.get("/fleet/needs/").content.decode()
    page = person.get("/sandboxes/").content.decode()
    assert "answered 401: check the key" in page
    assert "Nothing runs" not in page
