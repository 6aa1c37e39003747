"""The pages of what came by webhook and what did not: deliveries kept aside, their replay, and what was missed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from events.deliveries import list_deliveries
from events.models import SHOWN_BYTES, Delivery, LifecycleEvent
from events.replay import replay_all
from events.writing import context
from sandboxes.base import masking
from sandboxes.core import crypto
from sandboxes.models import Account, AccountHealth
from tests.events.factories import delivery
from tests.support import records


@pytest.fixture
def committed(transactional_db: None, mailbox: Any) -> Any:
    """What is written can be seen by the inbox's own connections."""
    context.forget()
    yield
    context.forget()


def keep(state: str = "parked", **fields: Any) -> Delivery:
    when = timezone.now() - timedelta(minutes=5)
    body = delivery() | {"timestamp": when.isoformat()}
    plain = {
        "reason": "no type",
        "received_at": when,
        "headers": {"user-agent": "e2b"},
        "body": json.dumps(body).encode(),
    }
    return Delivery.objects.create(account=records.account(), state=state, **(plain | fields))


def test_it_works(person: Client) -> None:
    keep()
    keep("refused", reason="the signature does not fit the body", body=b"<script>alert(1)</script>")
    page = person.get("/events/deliveries/").content.decode()
    assert "the signature does not fit the body" in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count(">Replay</button>") == 1
    only = person.get("/events/deliveries/?state=refused").content.decode()
    assert "no type" not in only
    assert "user-agent" in only


def test_it_needs_a_sign_in_and_the_token_against_forgery(person: Client) -> None:
    kept = keep()
    for path in ("/events/deliveries/", f"/events/deliveries/{kept.pk}/replay/"):
        assert Client().post(path).status_code == 302
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = person.cookies
    assert careful.post(f"/events/deliveries/{kept.pk}/replay/").status_code == 403
    assert person.get(f"/events/deliveries/{kept.pk}/replay/").status_code == 405


def test_a_parked_one_is_replayed(committed: None, person: Client) -> None:
    kept = keep()
    answer = person.post(f"/events/deliveries/{kept.pk}/replay/", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert json.loads(answer["HX-Trigger"])["toast"]["text"] == "Replayed: created of i1 is on record."
    assert "replayed" in answer.content.decode()
    assert LifecycleEvent.objects.get().source == "webhook"


def test_one_that_cannot_be_read_yet_says_why(committed: None, person: Client) -> None:
    kept = keep(body=b'{"id": "1"}')
    answer = person.post(f"/events/deliveries/{kept.pk}/replay/", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    told = json.loads(answer["HX-Trigger"])["toast"]
    assert (told["ok"], told["text"]) == (False, "Not replayed: timestamp is missing or not text.")
    assert person.post(f"/events/deliveries/{kept.pk}/replay/")["Location"] == "/events/deliveries/"


def test_all_that_is_parked_is_replayed_in_one_wish(committed: None, person: Client) -> None:
    keep()
    still = keep(body=b'{"id": "1"}')
    page = person.get("/events/deliveries/").content.decode()
    assert 'Replay all<span class="off-phone"> 2 parked</span>' in page
    answer = person.post("/events/deliveries/replay/", {"state": "parked"}, headers={"HX-Request": "true"})
    toast = json.loads(answer["HX-Trigger"])["toast"]
    assert (toast["ok"], toast["text"]) == (True, "Replayed: 1 accepted, 1 still parked.")
    shown = answer.content.decode()
    assert " 1 parked</span>" in shown
    assert shown.count(">Replay</button>") == 1
    assert f"/events/deliveries/{still.pk}/replay/" in shown
    Delivery.objects.all().delete()
    assert "Replay all" not in person.get("/events/deliveries/").content.decode()


def test_what_one_wish_did_not_try_the_next_one_does(
    committed: None, person: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert replay_all.__kwdefaults__ is not None
    monkeypatch.setitem(replay_all.__kwdefaults__, "at_most", 2)
    for n in range(3):
        keep(body=json.dumps({"id": str(n)}).encode())
    answer = person.post("/events/deliveries/replay/", headers={"HX-Request": "true"})
    assert "1 not tried yet" in answer["HX-Trigger"]
    assert "Replay the other 1<" in answer.content.decode()
    after = answer.context["after"]
    assert after == Delivery.objects.order_by("pk")[1].pk
    last = person.post("/events/deliveries/replay/", {"after": after}, headers={"HX-Request": "true"})
    assert "0 accepted, 1 still parked." in last["HX-Trigger"]


def test_replaying_all_takes_a_sign_in_a_token_against_forgery_and_sound_words(person: Client) -> None:
    keep()
    path = "/events/deliveries/replay/"
    assert Client().post(path).status_code == 302
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = person.cookies
    assert careful.post(path).status_code == 403
    assert person.get(path).status_code == 405
    for wrong in ({"after": "x"}, {"after": "9" * 30}, {"state": "eaten"}):
        assert person.post(path, wrong).status_code == 400
    assert LifecycleEvent.objects.count() == 0


def test_more_than_a_page_come_by_the_last_row(person: Client) -> None:
    for _ in range(51):
        keep()
    first = person.get("/events/deliveries/?state=parked")
    rest = person.get(f"/events/deliveries/{first.context['more']}", headers={"HX-Request": "true"})
    assert rest.content.count(b"<tr>") == 1
    assert person.get("/events/deliveries/?state=eaten").status_code == 400
    assert person.get("/events/deliveries/?cursor=eaten").status_code == 400


def test_what_the_webhook_missed_is_said_everywhere(person: Client, settings: Any) -> None:
    account, now = records.account(), timezone.now()
    health = AccountHealth.objects.create(account=account)
    assert "none yet" in person.get("/events/").content.decode()
    since = now - timedelta(hours=2)
    AccountHealth.objects.filter(pk=health.pk).update(webhook_since=since, webhook_last_at=now)
    when = now - timedelta(minutes=10)
    for _ in range(2):
        records.event("i1", timestamp=when, received_at=when, source="reconcile")
    assert "<b>2</b> in the last 24 h" in person.get("/events/").content.decode()
    told = person.get("/api/v1/health").json()
    assert told["accounts"][0]["webhook_missed_24h"] == 2
    settings.METRICS_PUBLIC = True
    families = text_string_to_metric_families(Client().get("/metrics").content.decode())
    (missed,) = [family for family in families if family.name == "sandwarden_webhook_missed_24h"]
    assert [(sample.labels, sample.value) for sample in missed.samples] == [({"account": "default"}, 2.0)]


def test_why_it_died_is_said_to_be_inferred(person: Client) -> None:
    cause = {"cause": "out_of_memory", "evidence": "memory rose from 61.0% (14:01:21) to 99.5% of 8 GiB (14:16:16)"}
    ended: dict[str, Any] = {"state": "ended", "ended_at": timezone.now(), "end_reason": "unknown"}
    records.sandbox("idead", probable_cause=cause, **ended)
    page = person.get("/sandboxes/idead/").content.decode()
    assert "Probably <b>out of memory</b>" in page
    assert "Our inference; not reported by E2B: memory rose from 61.0%" in page
    assert person.get("/api/v1/sandboxes/idead").json()["probable_cause"] == cause


@pytest.mark.django_db
def test_admin_shows_a_parked_body_without_secrets(admin_client: Client, static_files: Any) -> None:
    account = records.account(api_key="a key of no known shape", webhook_secret="hook-of-no-known-shape")
    account = Account.objects.get(pk=account.pk)
    body = b'{"note":"a key of no known shape","x":"hook-of-no-known-shape","k":"e2b_0123456789abcdef"}' + b"x" * 9000
    one = Delivery.objects.create(account=account, state="parked", reason="r", received_at=records.NOW, body=body)
    masking.forget()
    page = admin_client.get(f"/admin/events/delivery/{one.pk}/change/").content.decode()
    assert "bytes more" in page
    for secret in ("of no known shape", "hook-of", "e2b_0123456789abcdef"):
        assert secret not in page


@pytest.mark.django_db
def test_secret_at_the_edge_of_what_is_shown_is_masked_whole() -> None:
    account = records.account(api_key="edge-secret-0123456789")
    one = Delivery(account=account, body=b"x" * (SHOWN_BYTES - 8) + b"edge-secret-0123456789")
    assert "edge" not in one.text


@pytest.mark.django_db
def test_secrets_are_opened_once_a_page_and_masked_in_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    records.account(webhook_secret="of-no-known-shape")
    masking.forget()
    opened: list[str] = []
    decrypt = crypto.decrypt

    def noted(stored: str) -> str:
        opened.append(stored)
        return decrypt(stored)

    monkeypatch.setattr(crypto, "decrypt", noted)
    for _ in range(5):
        keep(body=b'{"note":"of-no-known-shape"}')
    rows = list_deliveries([records.account().pk]).items
    assert [row.text for row in rows] == ['{"note":"•••"}'] * 5
    assert len(opened) == 1
