"""`/accounts`: read by who holds them, added, changed and deleted by admins of all accounts; keys never come back."""

import json
from typing import Any

import pytest
from django.test import Client

from sandboxes.core.accounts import by_names, enabled_accounts
from sandboxes.models import Account, Action, AuditEntry, Verdict
from tests.support import records

pytestmark = pytest.mark.django_db
NEW = {"name": "ci", "title": "CI runners", "url": "https://API.e2b.app/", "api_key": "e2b_secret1"}


def on_record(account: str) -> dict[str, Any]:
    """The newest entry of the audit on this account."""
    found: dict[str, Any] = AuditEntry.objects.filter(change__setting__name=account).latest("id").change["setting"]
    return found


def test_it_works(call: Any) -> None:
    made = call("POST", "/accounts", NEW)
    assert made.status_code == 201
    assert {"name": "ci", "title": "CI runners", "url": "https://api.e2b.app", "actions": "none"}.items() <= (
        made.data.items()
    )
    assert made.data["api_key_set_at"]
    assert made.data["webhook_secret_set_at"] is None
    assert made.data["keep_metadata"] == ["keep=true"]
    assert made.data["capabilities"]["events"] == {"state": "unknown", "says": "not known yet"}
    assert made.data["health"]["reachable"] is None
    assert "e2b_secret1" not in made.content.decode()
    assert call("GET", "/accounts/ci").data == made.data
    assert [one["name"] for one in call("GET", "/accounts").data["items"]] == ["ci"]
    assert call("GET", "/accounts").data["total"] == 1
    assert Account.objects.get(name="ci").api_key == "e2b_secret1"


def test_replayed_post_tells_that_it_was_one(call: Any) -> None:
    first = call("POST", "/accounts", NEW, headers={"Idempotency-Key": "k"})
    again = call("POST", "/accounts", NEW, headers={"Idempotency-Key": "k"})
    assert first.status_code == 201
    assert again.data == {"replayed": True, "id": Account.objects.get(name="ci").pk}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (NEW | {"api_keys": "x"}, 400, "bad_request"),
        (NEW | {"name": "c i"}, 400, "bad_request"),
        (NEW | {"url": "ftp://e2b.app"}, 400, "bad_request"),
        (NEW | {"url": "https://e2b.app/?key=1"}, 400, "bad_request"),
        (NEW | {"url": "http://169.254.169.254/"}, 400, "bad_request"),
        (NEW | {"api_key": "two words"}, 400, "bad_request"),
        (NEW | {"keep_metadata": ["no pair"]}, 400, "bad_request"),
        (NEW | {"brake": {"per_hour": -1}}, 400, "bad_request"),
        (NEW | {"actions": "people"}, 400, "confirm_needed"),
        (NEW | {"actions": "people", "confirm": "default"}, 400, "confirm_needed"),
        (NEW | {"name": "default"}, 409, "name_in_use"),
    ],
)
def test_account_is_not_added_where_it_makes_no_sense(call: Any, body: Any, status: int, code: str) -> None:
    records.account()
    refused = call("POST", "/accounts", body)
    assert (refused.status_code, refused.data["code"]) == (status, code)
    assert "e2b_secret1" not in refused.content.decode()
    assert Account.objects.count() == 1


def test_account_added_with_its_name_repeated_lets_people_act(call: Any) -> None:
    assert call("POST", "/accounts", NEW | {"actions": "people", "confirm": "ci"}).data["actions"] == "people"


def test_change_keeps_what_is_left_out_and_removes_what_is_null(call: Any) -> None:
    call("POST", "/accounts", NEW | {"cap": 20, "webhook_secret": "whsec_0123456789"})
    kept = call("PATCH", "/accounts/ci", {"title": "CI", "brake": {"per_hour": 5}, "store_metadata_keys": ["user"]})
    assert kept.status_code == 200, kept.data
    assert (kept.data["title"], kept.data["cap"], kept.data["brake"]) == ("CI", 20, {"per_hour": 5})
    assert kept.data["store_metadata_keys"] == ["user"]
    assert kept.data["api_key_set_at"]
    assert kept.data["webhook_secret_set_at"]
    nulls = dict.fromkeys(("cap", "brake", "store_metadata_keys", "api_key", "webhook_secret"))
    removed = call("PATCH", "/accounts/ci", nulls).data
    assert [removed[name] for name in ("cap", "brake", "store_metadata_keys")] == [None] * 3
    assert (removed["api_key_set_at"], removed["webhook_secret_set_at"]) == (None, None)
    account = Account.objects.get(name="ci")
    assert (account.api_key, account.webhook_secret, account.previous_webhook_secret) == ("", "", "")
    assert call("PATCH", "/accounts/ci", {"title": None}).status_code == 400


def test_new_webhook_secret_leaves_the_former_valid_for_a_while(call: Any) -> None:
    call("POST", "/accounts", NEW | {"webhook_secret": "whsec_0123456789"})
    call("PATCH", "/accounts/ci", {"webhook_secret": "whsec_abcdefghij"})
    account = Account.objects.get(name="ci")
    assert (account.webhook_secret, account.previous_webhook_secret) == ("whsec_abcdefghij", "whsec_0123456789")
    assert account.previous_secret_until is not None


@pytest.mark.parametrize("url", ["http://api.e2b.app", "https://api.evil.app", "https://api.e2b.app:8443"])
def test_another_server_asks_for_the_key_again(call: Any, url: str) -> None:
    call("POST", "/accounts", NEW)
    asked = call("PATCH", "/accounts/ci", {"url": url})
    assert (asked.status_code, asked.data["code"], asked.data["details"]) == (400, "key_needed", {"field": "api_key"})
    assert call("GET", "/accounts/ci").data["url"] == "https://api.e2b.app"
    moved = call("PATCH", "/accounts/ci", {"url": url, "api_key": "e2b_other"})
    assert (moved.status_code, moved.data["url"]) == (200, url)
    assert call("PATCH", "/accounts/ci", {"url": f"{url}/path"}).status_code == 200  # the same server


def test_raising_actions_asks_for_the_name_and_is_on_record(call: Any) -> None:
    call("POST", "/accounts", NEW)
    for confirm in ({}, {"confirm": "CI"}):
        assert call("PATCH", "/accounts/ci", {"actions": "policies", **confirm}).data["code"] == "confirm_needed"
    assert Account.objects.get(name="ci").actions == "none"
    assert call("PATCH", "/accounts/ci", {"actions": "policies", "confirm": "ci"}).data["actions"] == "policies"
    noted = on_record("ci")
    assert (noted["before"], noted["after"]) == ({"actions": "none"}, {"actions": "policies"})
    assert noted["actor"] == {"kind": "token", "name": "robot"}
    assert call("PATCH", "/accounts/ci", {"actions": "people"}).data["actions"] == "people"  # lowering asks nothing


def test_record_of_a_change_holds_no_secret(call: Any) -> None:
    call("POST", "/accounts", NEW)
    call("PATCH", "/accounts/ci", {"api_key": "e2b_secret2", "webhook_secret": "whsec_0123456789"})
    assert on_record("ci")["after"] == {"api_key": "set anew", "webhook_secret": "set"}
    told = json.dumps(list(AuditEntry.objects.values_list("change", flat=True)))
    assert not any(secret in told for secret in ("e2b_secret", "whsec_0123456789"))


def test_account_of_others_does_not_exist(call: Any) -> None:
    mine, other = records.account("mine"), records.account("other")
    other.same_fleet_as = None
    mine.same_fleet_as = other
    mine.save(update_fields=["same_fleet_as"])
    text = records.token(name="reader", scopes=["read"], accounts=[mine.pk])
    client = Client(headers={"Authorization": f"Bearer {text}"})
    told = client.get("/api/v1/accounts").json()
    assert ([one["name"] for one in told["items"]], told["total"]) == (["mine"], 1)
    assert told["items"][0]["same_fleet_as"] is None
    assert client.get("/api/v1/accounts/other").status_code == 404
    assert client.get("/api/v1/accounts/mine").status_code == 200


def test_list_goes_on_at_its_cursor(call: Any) -> None:
    for name in ("a", "b", "c"):
        records.account(name)
    first = call("GET", "/accounts", limit=2).data
    rest = call("GET", "/accounts", limit=2, cursor=first["next"]).data
    assert [one["name"] for one in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert (first["total"], rest["total"], rest["next"]) == (3, 3, None)


def test_deleted_account_is_out_of_sight(call: Any, mailbox: Any) -> None:
    records.account("stays")
    gone = records.account("gone", api_key="e2b_secret1", webhook_secret="whsec_0123456789")
    records.sandbox("i-gone", of=gone)
    records.event("i-gone", of=gone)
    assert call("DELETE", "/accounts/gone").status_code == 204
    assert call("GET", "/accounts/gone").status_code == 404
    assert call("DELETE", "/accounts/gone").status_code == 404
    assert [one["name"] for one in call("GET", "/accounts").data["items"]] == ["stays"]
    assert call("GET", "/sandboxes", state="all").data["total"] == 0
    assert call("GET", "/sandboxes/i-gone").status_code == 404
    assert call("GET", "/events").data["total"] == 0
    assert call("GET", "/fleet").data["running"] == 0
    assert call("GET", "/sandboxes", account="gone").status_code == 404
    assert [one["name"] for one in call("GET", "/health").data["accounts"]] == ["stays"]
    assert "gone" not in by_names()  # its webhooks are answered 404
    assert [one.name for one in enabled_accounts()] == ["stays"]
    kept = Account.with_deleted.get(name="gone")
    assert (kept.api_key, kept.webhook_secret, kept.enabled, kept.actions) == ("", "", False, "none")


def test_name_of_a_deleted_account_is_not_given_again(call: Any, mailbox: Any) -> None:
    records.account("ci")
    call("DELETE", "/accounts/ci")
    again = call("POST", "/accounts", NEW)
    assert (again.status_code, again.data["code"]) == (409, "name_in_use")


def test_deleting_ends_what_is_open_there_and_nothing_else(call: Any, mailbox: Any) -> None:
    gone, stays = records.account("gone"), records.account("stays")
    states = ("grace", "queued", "sent", "done", "confirmed")
    for number, state in enumerate(states):
        begun = "grace" if state == "grace" else "queued"
        action = records.action(records.sandbox(f"i{number}", of=gone), state=begun)
        records.brought_to(Action.objects.filter(pk=action.pk), state)
    other = records.action(records.sandbox("i-stays", of=stays))
    held = records.verdict(records.sandbox("i-held", of=gone))
    assert call("DELETE", "/accounts/gone").status_code == 204
    ended = Action.objects.filter(account=gone).order_by("sandbox__sandbox_id").values_list("state", flat=True)
    assert list(ended) == ["cancelled", "cancelled", "failed", "failed", "confirmed"]
    assert Action.objects.get(pk=other.pk).state == "queued"
    assert Verdict.objects.get(pk=held.pk).until is not None


def test_account_of_the_environment_is_not_deleted(call: Any, settings: Any) -> None:
    settings.E2B_API_KEY = "e2b_environment"
    records.account("default")
    refused = call("DELETE", "/accounts/default")
    assert (refused.status_code, refused.data["code"]) == (409, "set_by_environment")
    assert "E2B_API_KEY" in refused.data["message"]
    assert Account.objects.filter(name="default", enabled=True).exists()
