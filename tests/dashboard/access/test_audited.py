"""The audit of settings: what pages, calls and sign-ins leave in it, and who may read which entries."""

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from dashboard.access import audited, callers, password_reset, people
from dashboard.models import ApiToken
from sandboxes.actions import settings_trail
from sandboxes.core import acting
from sandboxes.models import Account, AuditEntry, Policy
from tests.dashboard.access.test_rules import pages
from tests.support import records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("static_files")]
PASSWORD = "long enough for a test"


def entries(**asked: str) -> list[dict[str, Any]]:
    """As an admin of all accounts reads them by REST, the newest first."""
    text = ApiToken.make("reader")[1] if not ApiToken.objects.filter(name="reader").exists() else ""
    text = text or ApiToken.make(f"reader {ApiToken.objects.count()}")[1]
    answer = Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/audit", asked)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_call_leaves_the_name_of_its_token() -> None:
    text = records.token("ci")
    client = Client(headers={"Authorization": f"Bearer {text}"})
    body = {"name": "Old ones", "orphan_when": {"older_than_seconds": 3600}}
    assert client.post("/api/v1/policies", json.dumps(body), "application/json").status_code == 201
    (entry,) = entries(subject="policy:Old ones")
    assert (entry["verb"], entry["actor"], entry["accounts"]) == ("added", {"kind": "token", "name": "ci"}, None)
    assert entry["after"]["orphan_when"] == {"older_than_seconds": 3600}


def test_page_leaves_the_name_of_its_person() -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    account = records.account(cap=10)
    client = Client()
    client.force_login(root)
    sent = {"cap": "25", "actions": "policies"}
    assert client.post(reverse("settings-account"), sent).status_code == 302
    entry = entries(subject="account", actor="root")[0]
    assert (entry["before"], entry["after"]) == ({"cap": 10}, {"cap": 25})
    assert (entry["subject"], entry["accounts"]) == (
        {"kind": "account", "id": str(account.pk), "name": "default"}, ["default"],
    )  # fmt: skip


def test_sign_ins_are_noted_with_their_address_and_never_an_unknown_name() -> None:
    User.objects.create_user("ada", password=PASSWORD)
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post("/login/", {"username": "ada", "password": "wrong"})
    client.post("/login/", {"username": "my secret password", "password": "wrong"})
    client.post("/login/", {"username": "ada", "password": PASSWORD})
    client.post("/logout/")
    told = [(one["verb"], one["subject"]["name"], one["actor"]["kind"]) for one in entries(subject="sign-in")]
    assert told == [("ended", "ada", "user"), ("succeeded", "ada", "user"), ("failed", "", "nobody"),
                    ("failed", "ada", "nobody")]  # fmt: skip
    assert {one["after"]["address"] for one in entries(subject="sign-in")} == {"192.0.2.7"}
    assert "secret password" not in json.dumps(list(AuditEntry.objects.values_list("change", flat=True)))


def test_password_that_is_chosen_by_a_link_is_the_persons_own_doing() -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    grace, text = people.invite(callers.of_user(root), "grace", "", "operator", None)
    Client().post(f"/invitation/{text}/", {"password": PASSWORD, "again": PASSWORD})
    link = password_reset.address_of(User.objects.get(pk=grace.pk)).removeprefix(settings.PUBLIC_URL)
    assert Client().post(link, {"password": f"{PASSWORD} 2", "again": f"{PASSWORD} 2"}).status_code == 302
    chosen = [one for one in entries(subject="person:grace") if "password" in (one["after"] or {}) and one["before"]]
    assert len(chosen) == 2
    assert {one["actor"]["name"] for one in chosen} == {"grace"}


def test_every_page_that_sends_a_file_is_an_export() -> None:
    records.sandbox("i0")
    records.price()
    client = Client()
    client.force_login(records.member("ada", "admin"))
    files = {
        name for name, address in pages()
        if "attachment" in client.get(address).headers.get("Content-Disposition", "")
    }  # fmt: skip
    assert files == audited.EXPORTS
    noted = entries(subject="export")
    assert {one["subject"]["name"] for one in noted} == files
    assert {one["actor"]["name"] for one in noted} == {"ada"}


def test_export_is_noted_with_its_filters_and_the_accounts_that_were_looked_at() -> None:
    records.account("a"), records.account("b")
    client = Client()
    client.force_login(records.member("ada", "viewer", [Account.objects.get(name="a").pk]))
    assert client.get("/sandboxes/export.csv?owner=x").status_code == 200
    assert client.get("/sandboxes/export.csv?account=b").status_code == 404
    (entry,) = entries(subject="export")
    assert (entry["accounts"], entry["after"]) == (["a"], {"filters": "owner=x"})


def test_person_of_one_account_sees_what_belongs_to_it_and_what_is_their_own() -> None:
    mine, other = records.account("mine"), records.account("other")
    ada = records.member("ada", "viewer", [mine.pk])
    records.member("bob", "viewer", [other.pk])
    with acting.acting("user", "bob"):
        for name, accounts in (("for mine", ["mine"]), ("for both", ["mine", "other"]), ("for all", [])):
            Policy.objects.create(name=name, orphan_when={}, match={"accounts": accounts})
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(ada)
    with acting.acting("user", "bob"):
        settings_trail.note("sign-in", "bob", "succeeded", {"address": "192.0.2.8"})
    found = client.get("/api/v1/audit").json()["items"]
    told = {(one["subject"]["kind"], one["subject"]["name"]) for one in found}
    assert told == {
        ("account", "mine"), ("policy", "for mine"), ("policy", "for all"), ("person", "ada"), ("role", "ada"),
        ("sign-in", "ada"),
    }  # fmt: skip
    assert client.get("/api/v1/audit").json()["total"] == len(found)
    page = client.get("/settings/audit/").content.decode()
    assert "for mine" in page
    assert not re.search("other|for both|192.0.2.8", page)


def test_pages_of_the_list_follow_one_another() -> None:
    for number in range(5):
        records.policy(f"p{number}")
    client = Client(headers={"Authorization": f"Bearer {records.token()}"})
    names, cursor = [], ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = client.get("/api/v1/audit", {"subject": "policy", "limit": "2", **more})
        names += [one["subject"]["name"] for one in answer.json()["items"]]
        assert answer.json()["total"] == 5
        cursor = answer.json()["next"]
        if not cursor:
            break
    assert names == ["p4", "p3", "p2", "p1", "p0"]


@pytest.mark.parametrize("query", ["subject=nonsense", "since=nonsense", "cursor=nonsense", "nonsense=1"])
def test_what_makes_no_sense_is_refused(query: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {records.token()}"})
    assert client.get(f"/api/v1/audit?{query}").status_code == 400


def test_page_filters_and_exports() -> None:
    records.account("a")
    with acting.acting("user", "bob"):
        policy = records.policy("Old ones")
        Policy.objects.filter(pk=policy.pk).update(grace_seconds=901)
    client = Client()
    client.force_login(records.member("ada", "admin"))
    page = client.get("/settings/audit/?subject=policy&actor=bob").content.decode()
    assert "Old ones" in page
    assert "901" in page
    assert "Nothing matches" in client.get("/settings/audit/?subject=policy&actor=nobody-else").content.decode()
    assert "Invalid filter" in client.get("/settings/audit/?since=nonsense").content.decode()
    sent = b"".join(client.get("/settings/audit/export.csv?subject=policy&actor=bob"))
    lines = sent.decode().splitlines()
    assert len(lines) == 3
    assert '"bob"' in lines[1]
    assert '{""grace_seconds"": 901}' in lines[1]
    assert client.get("/settings/audit/export.csv?since=nonsense").status_code == 400
