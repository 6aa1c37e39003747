"""Settings: who may change what, that secrets never come back, and that each change leaves a line."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from dashboard.models import ApiToken
from events.webhooks import registration, test_delivery
from sandboxes.models import Account, AccountHealth, Price
from sandboxes.models.fields import Sealed
from simulator import DEFAULT_API_KEY
from simulator.served import Served
from tests.support import records

PAGES = ["/settings/", "/settings/account/", "/settings/tokens/", "/settings/prices/", "/settings/system/"]
URL = "https://sandwarden.example.com/webhooks/e2b/default/"
ALL = registration.default_events()


@pytest.fixture
def staff(person: Client) -> Client:
    get_user_model().objects.filter(username="ada").update(is_staff=True)
    return person


@pytest.fixture
def account(simulator: Served, mailbox: Any, db: None) -> Account:
    """The account `default` at a simulated backend."""
    return records.account(url=simulator.url, api_key=DEFAULT_API_KEY, owner_keys=["owner"])


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Looks asked of the worker, which does not run here."""
    seconds: list[float] = []
    monkeypatch.setattr(
        "dashboard.settings.permissions.queue.try_enqueue", lambda *_, **k: seconds.append(k["in_seconds"])
    )
    return seconds


def text(answer: Any) -> str:
    """The page as a browser reads it: any whitespace is one blank, in a tag none."""
    return re.sub(r"\s+>", ">", " ".join(answer.content.decode().split()))


def lines() -> list[str]:
    return [one.change_message for one in LogEntry.objects.order_by("pk")]


@pytest.mark.parametrize("path", PAGES)
def test_every_section_shows_with_and_without_an_account(path: str, person: Client, mailbox: Any) -> None:
    assert Client().get(path).status_code == 302
    assert person.get(path).status_code == 200
    records.account(api_key="e2b_0123456789abcdef", webhook_secret="never to be seen")
    records.price()
    page = text(person.get(path))
    assert "never to be seen" not in page
    assert "0123456789abcdef" not in page
    assert 'aria-current="page"' in page


@pytest.mark.parametrize("path", [*PAGES[1:4], "/settings/webhook/register/", "/settings/webhook/test/"])
def test_only_staff_may_send_anything(path: str, person: Client, account: Account) -> None:
    assert person.post(path, {"name": "mine"}).status_code == 403
    assert "only admins can make changes" in text(person.get(PAGES[0]))
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = person.cookies
    assert careful.post(path).status_code == 403
    assert not lines()


def test_a_webhook_is_registered_in_one_click(
    staff: Client, account: Account, simulator: Served, asked: list[float]
) -> None:
    page = text(staff.get("/settings/"))
    assert 'value="http://testserver/webhooks/e2b/default/"' in page
    assert page.count("checked>") == len(ALL)
    answer = staff.post("/settings/webhook/register/", {"url": URL, "events": ALL}, follow=True)
    (hook,) = simulator.simulator.webhooks.all()
    assert hook.url == URL
    assert f"deliveries go to {URL}" in text(answer)
    assert hook.secret not in text(answer)
    assert lines() == [f"Webhook registered: deliveries go to {URL}"]
    assert asked == [2]


def test_what_cannot_be_registered_is_told_beside_it(staff: Client, account: Account, simulator: Served) -> None:
    answer = staff.post("/settings/webhook/register/", {"url": "ftp://here", "events": ALL})
    assert answer.status_code == 422
    assert "must begin with https://" in text(answer)
    assert 'value="ftp://here"' in text(answer)
    none = staff.post("/settings/webhook/register/", {"url": URL}, headers={"HX-Request": "true"})
    assert none.status_code == 200
    assert "Choose at least one event type" in text(none)
    assert simulator.simulator.webhooks.all() == []


def test_what_the_backend_refuses_is_told_and_leaves_no_line(staff: Client, account: Account) -> None:
    Account.objects.update(api_key="e2b_ffffffff")
    answer = staff.post("/settings/webhook/register/", {"url": URL, "events": ALL}, follow=True)
    assert "401" in text(answer)
    assert not lines()


def test_an_address_that_cannot_be_reached_is_doubted_but_allowed(staff: Client, account: Account) -> None:
    account.url, account.api_key = "https://api.e2b.app", "e2b_another"
    account.webhook_url = "http://10.0.0.7/webhooks/e2b/default/"
    account.save()
    assert "api.e2b.app can’t reach it from outside" in text(staff.get("/settings/"))


def test_every_deed_is_done_and_written_down(staff: Client, account: Account, simulator: Served) -> None:
    staff.post("/settings/webhook/register/", {"url": URL, "events": ALL})
    staff.post("/settings/webhook/register/", {"url": URL, "events": ALL[:2]})
    staff.post("/settings/webhook/disable/")
    assert not simulator.simulator.webhooks.all()[0].enabled
    assert "Resume" in text(staff.get("/settings/"))
    staff.post("/settings/webhook/enable/")
    answer = staff.post("/settings/webhook/rotate/", follow=True)
    assert "being sent to" in text(answer)
    staff.post("/settings/webhook/delete/")
    assert simulator.simulator.webhooks.all() == []
    assert [line.partition(":")[0] for line in lines()] == [
        "Webhook registered", "Webhook changed", "Deliveries stopped", "Deliveries resumed", "New secret created",
        "Webhook and its secret deleted",
    ]  # fmt: skip
    assert staff.post("/settings/webhook/explode/").status_code == 404
    assert staff.get("/settings/webhook/delete/")["Location"] == "/settings/"


VERDICTS = [
    (test_delivery.Trial("arrived", 0.1, 202, '{"stored":true}'), "Delivered (202)"),
    (test_delivery.Trial("refused", 0.1, 401), "Rejected (401)"),
    (test_delivery.Trial("away", 0.1, 503), "the database is unavailable (503)"),
    (test_delivery.Trial("unreachable", 10.0, said="no answer within 10 s"), "no answer within 10 s"),
    (test_delivery.Trial("somebody_else", 0.1, 200, "<script>x"), "&lt;script&gt;x"),
]


@pytest.mark.parametrize(("tried", "words"), VERDICTS)
def test_a_test_delivery_is_told_in_words(
    tried: test_delivery.Trial, words: str, staff: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_to: list[str] = []

    async def send(account: Account) -> test_delivery.Trial:
        sent_to.append(account.webhook_url)
        return tried

    monkeypatch.setattr(test_delivery, "send", send)
    Account.objects.update(webhook_url=URL, webhook_secret="s" * 20)
    answer = staff.post("/settings/webhook/test/", {"url": "http://169.254.169.254/"})
    assert words in text(answer)
    assert sent_to == [URL]
    assert lines() == [f"Test delivery to {URL}: {tried.verdict}"]


def test_a_backend_without_the_api_is_set_up_by_hand(staff: Client, account: Account) -> None:
    Account.objects.update(capabilities={"webhooks": False})
    assert "Have the backend POST" in text(staff.get("/settings/"))
    short = staff.post("/settings/webhook/by-hand/", {"url": URL, "secret": "short"})
    assert short.status_code == 422
    staff.post("/settings/webhook/by-hand/", {"url": URL, "secret": "a secret of my own"})
    assert Account.objects.get().webhook_secret == ""
    staff.post("/settings/webhook/by-hand/", {"url": URL, "secret": "a-secret-of-my-own"})
    staff.post("/settings/webhook/by-hand/", {"url": URL, "secret": ""})
    kept = Account.objects.get()
    assert (kept.webhook_url, kept.webhook_secret) == (URL, "a-secret-of-my-own")
    assert "a-secret-of-my-own" not in text(staff.get("/settings/")) + str(lines())


def test_the_health_is_shown_from_both_ends_with_its_age(staff: Client, account: Account) -> None:
    now = timezone.now()
    Account.objects.update(webhook_id="w1", webhook_url=URL, webhook_secret="s", sent_webhook_secret="s")
    failure = {"at": now.isoformat(), "type": "sandbox.lifecycle.killed", "sandbox_id": "igone", "status": 503}
    seen = {
        "read_at": (now - timedelta(seconds=20)).isoformat(),
        "enabled": True,
        "total": 200,
        "failed": 3,
        "fetched": 1,
    }
    AccountHealth.objects.create(
        account=account,
        webhook_last_at=now,
        webhook_since=now - timedelta(hours=2),
        webhook=seen | {"failures": [failure | {"error": "", "arrived": False}]},
    )
    records.event("i1", timestamp=now - timedelta(seconds=62), received_at=now - timedelta(seconds=60))
    page = text(staff.get("/settings/"))
    for words in (
        "<b>2.0 s</b> median",
        "<b>200</b> tries",
        "98.5%",
        "<b>1</b> undelivered",
        "we answered 503",
        "<b>0</b> missed",
    ):
        assert words in page, words
    assert re.search(r"was asked <time[^>]*>[23]\d s ago</time>", page)
    AccountHealth.objects.update(webhook={"read_at": 5})
    assert staff.get("/settings/").status_code == 200


def test_cap_and_keys_are_changed_and_checked(staff: Client, account: Account) -> None:
    good = {"cap": "2400", "owner_keys": "userId, team ,userId", "environment_keys": ""}
    staff.post("/settings/account/", good)
    kept = Account.objects.get()
    assert (kept.cap, kept.owner_keys, kept.environment_keys) == (2400, ["userId", "team"], [])
    assert lines() == ["Account changed, cap: 2400; owner keys: userId, team"]
    assert kept.keep_metadata == ["keep=true"]  # it was not sent: nothing that is kept is let go by that
    staff.post("/settings/account/", good | {"keep_metadata": "keep=true, tier=prod"})
    assert Account.objects.get().keep_metadata == ["keep=true", "tier=prod"]
    assert staff.post("/settings/account/", good | {"keep_metadata": "tier"}).status_code == 422
    staff.post("/settings/account/", good)
    assert len(lines()) == 2
    for wrong in ({"cap": "0"}, {"owner_keys": "k" * 200}, {"owner_keys": ",".join(map(str, range(30)))}, {"cap": "x"}):
        assert staff.post("/settings/account/", good | wrong).status_code == 422
    assert Account.objects.get().cap == 2400


def test_stored_metadata_keys_are_set_one_a_line_and_warn_of_owner_keys(staff: Client, account: Account) -> None:
    staff.post("/settings/account/", {"store_metadata_keys": "userId\r\n tier \n\nuserId"})
    assert Account.objects.get().store_metadata_keys == ["userId", "tier"]
    assert "can’t be read from them: owner, keep" in text(staff.get("/settings/account/"))
    staff.post("/settings/account/", {"store_metadata_keys": "owner\nkeep"})
    page = text(staff.get("/settings/account/"))
    assert "owner keep</textarea>" in page
    assert "can’t be read from them" not in page
    assert staff.post("/settings/account/", {"store_metadata_keys": "k" * 200}).status_code == 422
    staff.post("/settings/account/", {"store_metadata_keys": ""})
    assert Account.objects.get().store_metadata_keys is None


def test_a_token_is_shown_once_and_revoked(staff: Client, db: None) -> None:
    made = staff.post("/settings/tokens/", {"name": "ci-deploy"})
    (token,) = ApiToken.objects.all()
    shown = made.context["text"]
    assert ApiToken.digest_of(shown) == token.digest
    assert shown in text(made)
    assert "no-store" in made["Cache-Control"]
    assert shown not in text(staff.get("/settings/tokens/"))
    assert staff.post("/settings/tokens/", {"name": "ci-deploy"}).status_code == 422
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


def test_secrets_whose_key_is_lost_do_not_break_the_page_and_can_be_replaced(
    staff: Client, account: Account, simulator: Served
) -> None:
    Account.objects.update(
        webhook_id="w1", webhook_secret=Sealed("fernet:lost"), sent_webhook_secret=Sealed("fernet:lost")
    )
    assert staff.get("/settings/").status_code == 200
    staff.post("/settings/webhook/by-hand/", {"url": URL, "secret": "entered-once-more"})
    assert Account.objects.get().webhook_secret == "entered-once-more"
    Account.objects.update(webhook_secret=Sealed("fernet:lost"), sent_webhook_secret=Sealed("fernet:lost"))
    assert "New secret created" in text(staff.post("/settings/webhook/rotate/", follow=True))
    staff.post("/settings/webhook/delete/")
    staff.post("/settings/webhook/register/", {"url": URL, "events": ALL})
    assert simulator.simulator.webhooks.all()[0].secret == Account.objects.get().webhook_secret


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


def test_letting_more_be_changed_at_a_backend_asks_for_the_accounts_name(staff: Client, account: Account) -> None:
    Account.objects.update(actions="none")
    refused = staff.post("/settings/account/", {"actions": "policies", "actions_name": "prod"})
    assert "Type default to allow more actions" in text(refused)
    assert Account.objects.get().actions == "none"
    staff.post("/settings/account/", {"actions": "policies", "actions_name": "default"})
    assert Account.objects.get().actions == "policies"
    staff.post("/settings/account/", {"actions": "people"})
    assert Account.objects.get().actions == "people"
    assert LogEntry.objects.filter(change_message__contains="actions: p").count() == 2


def test_an_empty_choice_of_actions_changes_nothing(staff: Client, account: Account) -> None:
    for _ in range(2):
        assert staff.post("/settings/account/", {"actions": ""}).status_code == 302
        assert Account.objects.get().actions == "policies"


def test_environment_is_named_where_it_sets_the_account_again(staff: Client, account: Account, settings: Any) -> None:
    records.account("other", url="http://127.0.0.1:1")
    said = "Key and address are set again at each start"
    assert said not in text(staff.get("/settings/account/"))
    settings.E2B_API_KEY = "e2b_0123456789abcdef"
    page = text(staff.get("/settings/account/"))
    assert f"{said}, by <code>E2B_API_KEY</code>." in page
    assert said not in text(staff.get("/settings/account/?account=other"))


def test_the_brake_of_an_account_is_set_and_goes_back_to_its_default(staff: Client, account: Account) -> None:
    page = text(staff.get("/settings/account/"))
    assert 'placeholder="5" value=""' in page
    assert 'placeholder="10" value=""' in page
    staff.post("/settings/account/", {"brake_per_hour": "50", "brake_per_day": ""})
    assert Account.objects.get().brake == {"per_hour": 50}
    assert "50 policy actions an hour, 10 a day" in text(staff.get("/settings/account/"))
    assert LogEntry.objects.filter(change_message__contains="brake: 50 per hour").count() == 1
    staff.post("/settings/account/", {"owner_keys": "user"})
    assert Account.objects.get().brake == {"per_hour": 50}, "a form without it leaves it"
    refused = text(staff.post("/settings/account/", {"brake_per_hour": "-1", "brake_per_day": "9"}))
    assert "greater than or equal to 0" in refused
    assert Account.objects.get().brake == {"per_hour": 50}
    staff.post("/settings/account/", {"brake_per_hour": "", "brake_per_day": ""})
    assert Account.objects.get().brake is None


def test_account_names_its_failing_rounds(staff: Client, account: Account) -> None:
    since = timezone.now() - timedelta(minutes=7)
    told = {"error": "DatabaseError: no", "since": since.isoformat(), "at": timezone.now().isoformat()}
    AccountHealth.objects.create(account=account, round_errors={"act": told})
    page = text(staff.get("/settings/account/?account=default"))
    assert "<dt>Sending actions</dt>" in page
    assert "DatabaseError: no" in page
