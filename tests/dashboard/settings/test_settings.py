"""Settings: who may change what, that secrets never come back, and that each change leaves a line."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from dashboard.models import ApiToken, Member
from sandboxes.core import background
from sandboxes.models import Account, AccountPrice, Price
from simulator import DEFAULT_API_KEY
from tests.support import records
from tests.support.settings_pages import lines, text

PAGES = ["/settings/", "/settings/account/", "/settings/tokens/", "/settings/prices/", "/settings/system/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_section_shows_with_and_without_an_account(path: str, staff: Client, mailbox: Any) -> None:
    assert Client().get(path).status_code == 302
    assert staff.get(path).status_code == 200
    records.account(api_key="e2b_0123456789abcdef", webhook_secret="never to be seen")
    records.price()
    page = text(staff.get(path))
    assert "never to be seen" not in page
    assert "0123456789abcdef" not in page
    assert 'aria-current="page"' in page


def test_background_task_that_failed_is_shown_with_its_error(staff: Client, mailbox: Any) -> None:
    failed = background.State(
        "live snapshot", restarts=2, last_error="ZeroDivisionError: no", error_type="ZeroDivisionError"
    )
    failed.failed_at = datetime.now(UTC)
    background.registry["live snapshot"] = failed
    try:
        page = text(staff.get("/settings/system/"))
        assert "Live snapshot" in page
        assert "restarting" in page
        assert "2 restarts: ZeroDivisionError: no" in page
        shown = staff.get("/readyz").json()["background"]
        assert [(one["name"], one["running"], one["restarts"]) for one in shown] == [("live snapshot", False, 2)]
    finally:
        del background.registry["live snapshot"]


NOT_THEIRS = ["/settings/account/", "/settings/prices/", "/settings/webhook/register/", "/settings/webhook/test/"]


@pytest.mark.parametrize("path", NOT_THEIRS)
def test_only_admins_may_send_anything(path: str, person: Client, account: Account) -> None:
    assert person.post(path, {"name": "mine"}).status_code == 403
    assert "only admins can make changes" in text(person.get(PAGES[0]))
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = person.cookies
    assert careful.post(path).status_code == 403
    assert not lines()


def test_a_token_is_shown_once_and_revoked(staff: Client, db: None) -> None:
    made = staff.post("/settings/tokens/", {"name": "ci-deploy", "scopes": ["read"], "accounts": ["*"]})
    (token,) = ApiToken.objects.all()
    shown = made.context["text"]
    assert ApiToken.digest_of(shown) == token.digest
    assert shown in text(made)
    assert "no-store" in made["Cache-Control"]
    assert shown not in text(staff.get("/settings/tokens/"))
    assert (
        staff.post("/settings/tokens/", {"name": "ci-deploy", "scopes": ["read"], "accounts": ["*"]}).status_code == 422
    )
    assert staff.get("/api/v1/health", headers={"Authorization": f"Bearer {shown}"}).status_code == 200
    staff.post(f"/settings/tokens/{token.pk}/revoke/")
    assert staff.get("/api/v1/health", headers={"Authorization": f"Bearer {shown}"}).status_code == 401
    assert lines() == ["Token made", "Token ci-deploy revoked"]
    assert shown not in str(lines())


def test_a_price_begins_now_or_later_and_never_in_the_past(staff: Client, db: None) -> None:
    Price.objects.all().delete()
    old = records.price()
    rates = {"usd_per_vcpu_second": "0.00002", "usd_per_gib_second": "0.000005"}
    past = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    refused = staff.post("/settings/prices/", rates | {"since": past})
    assert refused.status_code == 422
    assert "must not start in the past" in text(refused)
    later = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    staff.post("/settings/prices/", rates | {"since": later})
    staff.post("/settings/prices/", rates)
    states = [row["state"] for row in staff.get("/settings/prices/").context["rows"]]
    assert states == ["to come", "in force", "past"]
    for wrong in ({"usd_per_gib_second": "-1"}, {"usd_per_vcpu_second": "lots"}, {"since": "soon"}):
        assert staff.post("/settings/prices/", rates | wrong).status_code == 422
    old.refresh_from_db()
    assert old.usd_per_vcpu_second == Decimal("0.000014")
    assert len(lines()) == 2


def test_price_may_be_of_one_account(staff: Client, account: Account) -> None:
    Price.objects.all().delete()
    records.price()
    records.account("ci")
    rates = {"usd_per_vcpu_second": "0.00002", "usd_per_gib_second": "0.000005"}
    assert staff.post("/settings/prices/", rates | {"account": "ci"}).status_code == 302
    own = AccountPrice.objects.get()
    assert (own.account.name, own.usd_per_vcpu_second) == ("ci", Decimal("0.00002"))
    rows = staff.get("/settings/prices/").context["rows"]
    assert [(row["account"], row["state"]) for row in rows] == [("ci", "in force"), (None, "in force")]
    assert staff.post("/settings/prices/", rates | {"account": "nowhere"}).status_code == 422
    assert lines()[-1].endswith("on added (ci)")


def test_price_may_be_typed_an_hour(staff: Client, db: None) -> None:
    Price.objects.all().delete()
    hourly = {"per": "hour", "usd_per_vcpu_second": "0.0504", "usd_per_gib_second": "0.0162"}
    assert staff.post("/settings/prices/", hourly).status_code == 302
    price = Price.objects.get()
    assert (price.usd_per_vcpu_second, price.usd_per_gib_second) == (Decimal("0.000014"), Decimal("0.0000045"))
    refused = staff.post("/settings/prices/", hourly | {"per": "second", "usd_per_vcpu_second": "5.04"})
    assert "is this a price an hour?" in text(refused)
    assert Price.objects.count() == 1


def test_key_from_the_environment_says_how_it_is_rotated(staff: Client, account: Account, settings: Any) -> None:
    assert "To rotate it" not in text(staff.get("/settings/account/"))
    settings.E2B_API_KEY = "e2b_from_the_environment"
    page = " ".join(text(staff.get("/settings/account/")).split())
    assert "create the new key at the backend, change E2B_API_KEY where this server is started, restart" in page
    assert 'aria-describedby="n-key"' in page


def test_system_page_says_what_is_alive_and_what_is_kept(staff: Client, mailbox: Any) -> None:
    page = text(staff.get("/settings/system/"))
    for words in ("no heartbeat yet", "all applied", "90 d", "and 10,000 at most", "PostgreSQL 1", " in use"):
        assert words in page, words


def test_one_of_several_accounts_is_chosen_by_the_address(staff: Client, account: Account) -> None:
    assert 'aria-label="Account"' not in text(staff.get("/settings/"))
    records.account("second", url=account.url, api_key=DEFAULT_API_KEY)
    assert "/webhooks/e2b/second/" in text(staff.get("/settings/?account=second"))
    answer = staff.post("/settings/account/?account=second", {"cap": "7"})
    assert answer["Location"] == "/settings/account/?account=second"
    assert Account.objects.get(name="second").cap == 7


def test_an_answer_lies_at_the_address_of_its_section(staff: Client, account: Account) -> None:
    answer = staff.post("/settings/webhook/register/", {"url": "ftp://x"}, headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == "/settings/"


def test_system_page_says_that_a_server_that_owns_its_audit_could_alter_it(
    staff: Client, mailbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "This server can alter its own audit trail" in text(staff.get("/settings/system/"))
    monkeypatch.setattr("sandboxes.actions.audit.is_alterable", lambda: False)
    page = text(staff.get("/settings/system/"))
    assert "could alter" not in page
    assert "owned by a role of its own" in page


def test_no_account_ticked_opens_none(staff: Client, account: Account) -> None:
    for unclear in ([], ["*", str(account.pk)]):
        asked = {"name": "ci", "scopes": ["read"], "accounts": unclear}
        assert staff.post("/settings/tokens/", asked).status_code == 422
    records.member("grace", "viewer", [account.pk])
    grace = Member.objects.get(user__username="grace")
    staff.post(f"/settings/people/{grace.user_id}/", {"do": "role", "role": "operator"})
    grace.refresh_from_db()
    assert (grace.role, grace.accounts) == ("viewer", [account.pk])
    staff.post(f"/settings/people/{grace.user_id}/", {"do": "role", "role": "operator", "accounts": ["*"]})
    grace.refresh_from_db()
    assert (grace.role, grace.accounts) == ("operator", None)
