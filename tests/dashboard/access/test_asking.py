"""Who may decide what waits for a second person, on the page and by REST."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.access import asking, callers, tokens
from dashboard.access.rights import Verb
from sandboxes.models import Action, Approval, Policy
from tests.support import records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("static_files", "mailbox")]
ENFORCE = {"name": "p", "enabled": True, "mode": "enforce", "action": "kill", "orphan_when": {"older_than_seconds": 60}}


@pytest.fixture(autouse=True)
def above_one(settings):
    settings.APPROVAL_ABOVE = 1


def signed_in(name, role="operator", accounts=None):
    client = Client()
    client.force_login(records.member(name, role, accounts))
    return client


def asked_by(client):
    for name in ("ia", "ib"):
        records.sandbox(name, of=records.account("a"))
    body = {"action": "kill", "ids": ["ia", "ib"], "expected_count": 2}
    return client.post("/api/v1/actions/bulk", json.dumps(body), "application/json")


def test_bulk_by_rest_waits_for_another_person():
    text = tokens.make(callers.of_user(ada := records.member("ada")), ada, "mine", [Verb.READ, Verb.ACT], None, None)[1]
    answer = asked_by(Client(headers={"Authorization": f"Bearer {text}"}))
    number = answer.json()["approval_id"]
    assert (answer.status_code, answer.json()["count"], Action.objects.count()) == (202, 2, 0)
    token = Client(headers={"Authorization": f"Bearer {text}"})
    told = token.get(f"/api/v1/approvals/{number}").json()
    assert (told["state"], told["asked_by"], told["accounts"]) == ("waiting", "mine", ["a"])
    refusals = [
        token.post(f"/api/v1/approvals/{number}/approve", b"", "application/json").status_code,
        signed_in("ada").post(f"/cleanup/approvals/{number}/", {"to": "approve"}, follow=True).status_code,
    ]
    assert refusals == [409, 200]
    assert Approval.objects.get().state == "waiting"
    page = signed_in("bob").get("/cleanup/").content.decode()
    assert "kill 2 sandboxes" in page
    assert signed_in("bob").post(f"/cleanup/approvals/{number}/", {"to": "approve"}).status_code == 302
    assert (Approval.objects.get().state, Approval.objects.get().decided_by) == ("approved", "bob")


@pytest.mark.parametrize(("role", "accounts", "may"), [
    ("operator", None, True), ("admin", ["a"], True), ("viewer", None, False), ("operator", ["b"], False),
    ("operator", ["a", "b"], True),
])  # fmt: skip
def test_it_takes_somebody_who_may_act_there(role, accounts, may):
    assert asked_by(signed_in("ada")).status_code == 202
    keys = None if accounts is None else [records.account(name).pk for name in accounts]
    caller = callers.of_user(records.member("bob", role, keys))
    assert asking.may_decide(caller, Approval.objects.get()) is may


def test_hidden_one_is_not_there():
    assert asked_by(signed_in("ada")).status_code == 202
    bob = signed_in("bob", "admin", [records.account("b").pk])
    number = Approval.objects.get().pk
    assert bob.get(f"/api/v1/approvals/{number}").status_code == 404
    assert bob.get("/api/v1/approvals").json()["total"] == 0
    assert bob.post(f"/cleanup/approvals/{number}/", {"to": "approve"}).status_code == 404


def test_policy_by_rest_is_a_dry_run_and_says_where_it_waits():
    client = Client(headers={"Authorization": f"Bearer {records.token()}"})
    answer = client.post("/api/v1/policies", json.dumps(ENFORCE), "application/json")
    assert (answer.status_code, answer.json()["mode"]) == (202, "dry_run")
    assert answer["Location"] == f"/api/v1/approvals/{Approval.objects.get().pk}"


def test_freeze_is_lifted_by_two():
    client = Client(headers={"Authorization": f"Bearer {records.token()}"})
    client.put("/api/v1/freeze", json.dumps({"frozen": True}), "application/json")
    answer = client.put("/api/v1/freeze", json.dumps({"frozen": False}), "application/json")
    assert (answer.status_code, answer.json()["frozen"]) == (202, True)
    root = signed_in("root", "admin")
    assert root.post("/cleanup/approvals/" + answer["Location"].rpartition("/")[2] + "/", {"to": "approve"}).status_code
    assert client.get("/api/v1/freeze").json()["frozen"] is False


def test_admin_site_goes_around_nothing():
    policy = records.policy("p", enabled=True)
    root = signed_in("root", "admin")
    sent = {"name": "p", "enabled": "on", "mode": "enforce", "match": "{}", "orphan_when": '{"older_than_seconds": 60}',
            "action": "kill", "grace_seconds": "600", "max_per_run": "50", "max_per_hour": "200",
            "max_fleet_fraction": "0.1", "quiet_hours": "[]"}  # fmt: skip
    answer = root.post(f"/admin/sandboxes/policy/{policy.pk}/change/", sent)
    assert "waits for a second person" in answer.content.decode()
    assert Policy.objects.get(pk=policy.pk).mode == "dry_run"


def test_waiting_ones_are_those_in_time():
    assert asked_by(signed_in("ada")).status_code == 202
    bob = callers.of_user(records.member("bob"))
    assert len(asking.waiting_for(bob)) == 1
    Approval.objects.update(expires_at=timezone.now())
    assert asking.waiting_for(bob) == []
