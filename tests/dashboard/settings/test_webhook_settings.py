"""Settings → Webhook: registered in one click, tried, and read from both ends."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from events.webhooks import registration, test_delivery
from sandboxes.models import Account, AccountHealth
from simulator.served import Served
from tests.support import records
from tests.support.settings_pages import URL, lines, text

ALL = registration.default_events()


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
