"""A policy on the Cleanup page: tried, saved as a dry run, enforced by a second look; and the freeze."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from sandboxes.cleanup import freezing
from sandboxes.models import Policy
from tests.support import records

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
OLD = {
    "name": "old ones", "states": ["running"], "older_than_seconds": "2 h", "action": "kill", "grace_seconds": "5 min",
    "max_per_run": "50", "max_per_hour": "200", "max_fleet_fraction": "10", "quiet_hours": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_policies(db):
    Policy.objects.all().delete()  # those that ship


def test_saving_a_new_policy_makes_a_dry_run_and_leaves_a_line_who_did(staff: Client):
    answer = staff.post(
        "/cleanup/policies/new/", OLD | {"metadata": "env=staging", "quiet_hours": "mon-fri 09:00-18:00 Europe/Berlin"}
    )
    made = Policy.objects.get(name="old ones")
    assert answer.headers["Location"] == f"/cleanup/policies/{made.pk}/"
    assert (made.enabled, made.mode, made.orphan_when) == (True, "dry_run", {"older_than_seconds": 7200})
    assert (made.grace_seconds, made.max_fleet_fraction, made.match["metadata"]) == (300, 0.1, {"env": "staging"})
    assert made.quiet_hours == [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00", "zone": "Europe/Berlin"}
    ]
    assert "dry run" in LogEntry.objects.get().get_change_message()


def test_what_stands_in_the_form_is_saved_back_unchanged(staff: Client):
    staff.post(
        "/cleanup/policies/new/",
        OLD
        | {"no_lease_for_seconds": "90 s", "duplicate_of": "run, env", "keep": "2", "quiet_hours": "sat 22:00-06:00"},
    )
    made = Policy.objects.get(name="old ones")
    form = staff.get(f"/cleanup/policies/{made.pk}/").context["form"]
    staff.post(f"/cleanup/policies/{made.pk}/", form)
    made.refresh_from_db()
    assert made.version == 1


def test_the_preview_says_who_and_how_many_and_saves_nothing(staff: Client):
    records.price()
    old = records.sandbox(started_at=NOW - timedelta(hours=3), burn_usd_per_hour="0.1")
    records.sandbox(started_at=NOW - timedelta(hours=1))
    html = staff.post("/cleanup/policies/new/preview/", OLD).content.decode()
    assert "<b>1 of 2</b> now and save <b>$0.100/h</b>" in html
    assert old.sandbox_id in html
    assert "3 h, since" in html or "running for 3 h" in html
    assert 'data-use="older_than_seconds" data-value="4 h"' in html
    assert not Policy.objects.exists()


def test_a_policy_without_a_condition_yet_is_no_mistake(staff: Client):
    html = staff.post("/cleanup/policies/new/preview/", OLD | {"older_than_seconds": ""}).content.decode()
    assert "Add a condition" in html
    assert 'role="alert"' not in html


def test_without_scripts_the_page_itself_previews(staff: Client):
    html = staff.post("/cleanup/policies/new/", OLD | {"look": "1"}).content.decode()
    assert "It would kill" in html
    assert 'value="2 h"' in html
    assert not Policy.objects.exists()


@pytest.mark.parametrize(
    ("field", "given", "says"),
    [
        ("older_than_seconds", {"older_than_seconds": "soon"}, "isn’t a duration"),
        ("idle_cpu_below_pct", {"idle_cpu_below_pct": "2"}, "belong together"),
        ("paused_for_seconds", {"paused_for_seconds": "1 d"}, "can never hold"),
        ("metadata", {"metadata": "staging"}, "isn’t a key=value pair"),
        ("quiet_hours", {"quiet_hours": "always"}, "can't be read".replace("'", "&#x27;")),
        ("name", {"name": " "}, "Give it a name"),
        ("name", {"name": "n" * 101}, "At most 100 characters"),
        ("max_fleet_fraction", {"max_fleet_fraction": "200"}, "At most 100%"),
        ("", {"older_than_seconds": ""}, "Give at least one condition"),
    ],
)
def test_a_bad_policy_is_refused_where_it_is_bad(staff: Client, field, given, says):
    answer = staff.post("/cleanup/policies/new/", OLD | given)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    assert "Expected `" not in page
    assert "autofocus" in page or not field
    assert field in answer.context["wrong"] or (field == "" and answer.context["elsewhere"])
    assert not Policy.objects.exists()


def test_enforcing_shows_the_preview_once_more_and_asks(staff: Client):
    staff.post("/cleanup/policies/new/", OLD)
    made = Policy.objects.get()
    page = f"/cleanup/policies/{made.pk}/enforce/"
    assert "It would kill" in staff.get(page).content.decode()
    made.refresh_from_db()
    assert made.mode == "dry_run"
    staff.post(page, {"version": "1", "used_again": "0"})  # no week of record yet
    made.refresh_from_db()
    assert (made.enabled, made.mode, made.version) == (True, "enforce", 2)


def test_what_changed_since_it_was_shown_is_shown_again(staff: Client):
    staff.post("/cleanup/policies/new/", OLD)
    made = Policy.objects.get()
    staff.post(f"/cleanup/policies/{made.pk}/", OLD | {"older_than_seconds": "1 h"})
    answer = staff.post(f"/cleanup/policies/{made.pk}/enforce/", {"version": "1"})
    assert answer.status_code == 200
    made.refresh_from_db()
    assert made.mode == "dry_run"


def test_an_enforced_one_goes_back_to_a_dry_run_off_and_away(staff: Client):
    made = records.policy(mode="enforce", enabled=True)
    for to, expected in (("dry_run", (True, "dry_run")), ("off", (False, "dry_run"))):
        staff.post(f"/cleanup/policies/{made.pk}/switch/", {"to": to})
        made.refresh_from_db()
        assert (made.enabled, made.mode) == expected
    staff.post(f"/cleanup/policies/{made.pk}/switch/", {"to": "delete"})
    assert not Policy.objects.exists()


def test_operator_may_look_try_and_freeze_but_change_no_policy_and_lift_no_freeze(person: Client):
    made = records.policy()
    assert person.get(f"/cleanup/policies/{made.pk}/").status_code == 200
    assert person.post("/cleanup/policies/new/preview/", OLD).status_code == 200
    for page in (
        "policies/new/",
        f"policies/{made.pk}/",
        f"policies/{made.pk}/enforce/",
        f"policies/{made.pk}/switch/",
    ):
        assert person.post(f"/cleanup/{page}", OLD | {"version": "1", "to": "delete"}).status_code == 403
    assert person.post("/cleanup/freeze/", {"to": "freeze", "reason": "an incident"}).status_code == 302
    assert person.post("/cleanup/freeze/", {"to": "lift"}).status_code == 403
    assert freezing.current() is not None


def test_the_freeze_is_seen_on_every_page_and_lifted_on_cleanup(staff: Client):
    staff.post("/cleanup/freeze/", {"to": "freeze", "reason": "an incident"})
    for page in ("/", "/cleanup/", "/sandboxes/"):
        html = staff.get(page).content.decode()
        assert "Frozen by ada" in html
        assert "an incident" in html
    staff.post("/cleanup/freeze/", {"to": "lift"})
    assert "Frozen by" not in staff.get("/cleanup/").content.decode()
    assert LogEntry.objects.count() == 2
