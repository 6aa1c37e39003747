"""Settings → Accounts: all of them with how they do; tested, added, changed, disabled, deleted."""

from typing import Any

import pytest
from django.test import Client

from sandboxes.models import Account, AccountHealth, AuditEntry
from simulator import DEFAULT_API_KEY
from simulator.served import Served
from tests.support import records
from tests.support.settings_pages import text

PAGE = "/settings/accounts/"


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy between us and the simulator."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def new(simulator: Served, **fields: str) -> dict[str, str]:
    return {"do": "add", "name": "ci", "title": "CI", "url": simulator.url, "api_key": DEFAULT_API_KEY} | fields


def test_it_works(staff: Client, account: Account, simulator: Served) -> None:
    records.sandbox(of=account)
    AccountHealth.objects.create(account=account, reachable=True, last_sync_at=records.NOW)
    failing = records.account("lab", title="Lab rack", enabled=True)
    AccountHealth.objects.create(account=failing, reachable=False, sync_error="no answer within 10 s")
    page = text(staff.get(PAGE))
    assert "<b>default</b>" in page
    assert "healthy" in page
    assert "Lab rack" in page
    assert 'title="no answer within 10 s"' in page
    assert DEFAULT_API_KEY not in page


def test_added_account_was_tested_and_is_read_only(staff: Client, account: Account, simulator: Served) -> None:
    answer = staff.post(PAGE, new(simulator), follow=True)
    assert "ci added, read-only" in text(answer)
    made = Account.objects.get(name="ci")
    assert (made.url, made.api_key, made.actions, made.title) == (simulator.url, DEFAULT_API_KEY, "none", "CI")
    noted = AuditEntry.objects.filter(change__setting__name="ci").earliest("id").change["setting"]
    assert (noted["verb"], noted["after"]["url"], noted["after"]["actions"]) == ("added", simulator.url, "none")


def test_account_whose_test_fails_is_added_only_when_asked_for(
    staff: Client, account: Account, simulator: Served
) -> None:
    refused = staff.post(PAGE, new(simulator, api_key="e2b_wrong"))
    page = text(refused)
    assert refused.status_code == 422
    assert "The API key was rejected (401)" in page
    assert 'value="ci"' in page  # what was typed stays
    assert "e2b_wrong" not in page  # but for the key
    assert not Account.objects.filter(name="ci").exists()
    staff.post(PAGE, new(simulator, api_key="e2b_wrong", anyway="on"))
    assert Account.objects.get(name="ci").api_key == "e2b_wrong"


def test_test_stores_nothing_and_stays_on_the_page(staff: Client, account: Account, simulator: Served) -> None:
    page = text(staff.post(PAGE, new(simulator, do="test")))
    assert "Test of ci" in page
    assert "It answers as an E2B API" in page
    assert "Nothing was changed or stored." in page
    assert DEFAULT_API_KEY not in page
    assert Account.objects.count() == 1


def test_account_on_record_is_tested_with_its_own_key(staff: Client, account: Account) -> None:
    page = text(staff.post(PAGE, {"account": "default"}))
    assert "The key is accepted" in page
    Account.objects.update(api_key="")
    assert "The backend requires an API key (401)" in text(staff.post(PAGE, {"account": "default"}))
    assert staff.post(PAGE, {"account": "nowhere"}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "default", "anyway": "on"}, "the name default is taken"),
        ({"name": "c i"}, "Enter a valid “slug”"),
        ({"url": "ftp://x", "anyway": "on"}, "The base URL must look like"),
        ({"api_key": "two words"}, "A key is printable ASCII without spaces"),
    ],
)
def test_wrong_field_says_why(
    staff: Client, account: Account, simulator: Served, fields: dict[str, str], says: str
) -> None:
    refused = staff.post(PAGE, new(simulator, **fields))
    assert refused.status_code == 422
    assert says in text(refused).replace("&#x27;", "'")
    assert Account.objects.count() == 1


def test_account_is_saved_and_keeps_its_key(staff: Client, account: Account) -> None:
    saved = {"do": "save", "title": "Production", "url": account.url, "api_key": ""}
    assert "default saved" in text(staff.post(f"{PAGE}default/", saved, follow=True))
    kept = Account.objects.get()
    assert (kept.title, kept.api_key) == ("Production", DEFAULT_API_KEY)
    moved = text(staff.post(f"{PAGE}default/", saved | {"url": "https://api.evil.app"}, follow=True))
    assert "enter the key again" in moved
    assert Account.objects.get().url == account.url


def test_account_is_disabled_and_enabled(staff: Client, account: Account) -> None:
    staff.post(f"{PAGE}default/", {"do": "disable"})
    assert not Account.objects.get().enabled
    assert "disabled" in text(staff.get(PAGE))
    staff.post(f"{PAGE}default/", {"do": "enable"})
    assert Account.objects.get().enabled


def test_account_is_deleted_once_its_name_is_typed(staff: Client, account: Account, settings: Any) -> None:
    settings.E2B_API_KEY = settings.E2B_API_URL = ""
    told = text(staff.post(f"{PAGE}default/", {"do": "delete", "confirm": "prod"}, follow=True))
    assert "Not deleted: type default to confirm" in told
    assert Account.objects.exists()
    gone = text(staff.post(f"{PAGE}default/", {"do": "delete", "confirm": "default"}, follow=True))
    assert "default deleted" in gone
    assert "No accounts yet." in gone
    assert staff.post(f"{PAGE}default/", {"do": "enable"}).status_code == 404


def test_viewer_sees_own_accounts_and_no_form(client: Client, account: Account) -> None:
    records.account("secret")
    client.force_login(records.member("eve", "viewer", [account.pk]))
    page = text(client.get(PAGE))
    assert "<b>default</b>" in page
    assert "secret" not in page
    assert 'name="api_key"' not in page
    assert client.post(PAGE, {"account": "default"}).status_code == 403
