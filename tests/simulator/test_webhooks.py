"""Webhooks: their endpoints, and deliveries as E2B sends, signs, repeats and loses them."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from simulator import DEFAULT_API_KEY, ManualClock, Simulator, empty, webhooks
from simulator.served import Served, served
from tests.simulator.receiver import Received, Receiver, eventually

ALL = [f"sandbox.lifecycle.{kind}" for kind in ("created", "updated", "paused", "resumed", "killed", "checkpointed")]
SECRET = "s3cret"


def _register(api: httpx.Client, url: str, **changes: object) -> dict[str, object]:
    asked = {"name": "ours", "url": url, "enabled": True, "events": ALL, "signatureSecret": SECRET, **changes}
    answer = api.post("/events/webhooks", json=asked)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def _quiet(simulator: Simulator) -> None:
    eventually(lambda: simulator.outbox.waiting(simulator.now()) == 0)


def _digest(written: str) -> bytes:
    standard = written.replace("-", "+").replace("_", "/")
    return base64.b64decode(standard + "=" * (-len(standard) % 4))


def test_a_webhook_is_registered_read_changed_and_removed(api: httpx.Client) -> None:
    made = _register(api, "http://127.0.0.1:9/hook")
    path = f"/events/webhooks/{made['id']}"
    assert set(made) == {"id", "teamId", "name", "createdAt", "enabled", "url", "events"}
    assert api.get("/events/webhooks").json() == [made] == [api.get(path).json()]
    changed = api.patch(path, json={"enabled": False, "events": ALL[:1]})
    assert changed.json() == {**made, "enabled": False, "events": ALL[:1]}
    assert api.delete(path).status_code == 200
    assert api.get(path).status_code == 404
    assert api.delete(path).status_code == 404


@pytest.mark.parametrize(
    "change", [{"url": "nowhere"}, {"url": "http://["}, {"events": ["party"]}, {"events": []}, {"signatureSecret": ""}]
)
def test_a_webhook_that_cannot_work_is_refused(api: httpx.Client, change: dict[str, object]) -> None:
    asked = {"name": "x", "url": "http://127.0.0.1:9/", "events": ALL, "signatureSecret": "s", **change}
    assert api.post("/events/webhooks", json=asked).status_code == 400


def test_a_delivery_is_snake_case_and_signed(simulator: Simulator, api: httpx.Client, receiver: Receiver) -> None:
    made = _register(api, receiver.url)
    sandbox = simulator.create(metadata={"env": "prod"})
    eventually(lambda: len(receiver.received) == 1)
    (got,) = receiver.received
    body = json.loads(got.body)
    assert body.pop("event_data") == {"sandbox_metadata": {"env": "prod"}}
    assert set(body) == {
        *("id", "version", "type", "timestamp", "event_category", "event_label", "sandbox_id", "sandbox_team_id"),
        *("sandbox_execution_id", "sandbox_template_id", "sandbox_build_id", "events_ttl_days"),
    }
    assert (body["type"], body["event_label"], body["sandbox_id"]) == (ALL[0], "create", sandbox.id)
    assert body["id"] == api.get("/events/sandboxes").json()[0]["id"]
    assert got.headers["e2b-webhook-id"] == made["id"]
    assert got.headers["e2b-signature-version"] == "v1"
    assert _digest(got.headers["e2b-signature"]) == hashlib.sha256(SECRET.encode() + got.body).digest()


def test_the_signature_of_the_documented_example() -> None:
    assert webhooks.signature(SECRET, b'{"id":"1"}', 0) == "Cvj-tsavdXP3xgGbcCbsJuV2Po0Rxb70FKs7F7RH_rM"
    spellings = {webhooks.signature(SECRET, b'{"id":"1"}', spelling) for spelling in range(4)}
    assert len(spellings) == 4
    assert {_digest(written) for written in spellings} == {hashlib.sha256(b's3cret{"id":"1"}').digest()}


def test_every_spelling_of_base64_is_sent(simulator: Simulator, api: httpx.Client, receiver: Receiver) -> None:
    _register(api, receiver.url)
    for _ in range(60):
        simulator.create()
    eventually(lambda: len(receiver.received) == 60)
    written = [got.headers["e2b-signature"] for got in receiver.received]
    assert {text.endswith("=") for text in written} == {True, False}
    assert any("-" in text or "_" in text for text in written)
    assert any("+" in text or "/" in text for text in written)


def test_a_created_event_without_metadata_has_no_data(
    simulator: Simulator, api: httpx.Client, receiver: Receiver
) -> None:
    _register(api, receiver.url)
    simulator.create()
    eventually(lambda: len(receiver.received) == 1)
    assert "event_data" not in json.loads(receiver.received[0].body)


def test_only_enabled_webhooks_and_subscribed_types_are_delivered(
    simulator: Simulator, api: httpx.Client, receiver: Receiver
) -> None:
    _register(api, receiver.url, events=[ALL[4]])
    _register(api, receiver.url, enabled=False)
    sandbox = simulator.create()
    api.delete(f"/sandboxes/{sandbox.id}")
    eventually(lambda: len(receiver.received) == 1)
    _quiet(simulator)
    assert [json.loads(got.body)["event_label"] for got in receiver.received] == ["kill"]


def test_a_failed_delivery_is_tried_three_times_more_ten_seconds_apart_and_then_lost(
    simulator: Simulator, api: httpx.Client, receiver: Receiver
) -> None:
    receiver.answers = 503
    webhook = _register(api, receiver.url)
    simulator.create()
    for tries in (1, 2, 3, 4):
        eventually(lambda tries=tries: len(receiver.received) == tries)  # type: ignore[misc]
        _quiet(simulator)
        simulator.advance(9.9)
        assert len(receiver.received) == tries
        simulator.advance(0.1)
    simulator.advance(60)
    _quiet(simulator)
    assert len(receiver.received) == 4
    assert len({got.headers["e2b-delivery-id"] for got in receiver.received}) == 4
    assert len(simulator.outbox.lost) == 1
    (group,) = api.get(f"/events/webhooks/{webhook['id']}/deliveries").json()["data"]
    assert [attempt["status"] for attempt in group["attempts"]] == ["failed"] * 4
    assert group["attempts"][0]["responseHttpStatusCode"] == 503
    assert group["attempts"][0]["errorClass"] == "http_error"


def test_a_receiver_that_comes_back_gets_the_retry(simulator: Simulator, api: httpx.Client, receiver: Receiver) -> None:
    receiver.answers = 500
    webhook = _register(api, receiver.url)
    simulator.create()
    eventually(lambda: len(receiver.received) == 1)
    _quiet(simulator)
    receiver.answers = 200
    simulator.advance(10)
    eventually(lambda: len(receiver.received) == 2)
    _quiet(simulator)
    path = f"/events/webhooks/{webhook['id']}"
    (group,) = api.get(f"{path}/deliveries").json()["data"]
    assert [attempt["status"] for attempt in group["attempts"]] == ["failed", "success"]
    stats = api.get(f"{path}/stats").json()
    assert (stats["total"], stats["failed"], len(stats["buckets"])) == (2, 1, 1)
    filtered = api.get(f"{path}/deliveries", params={"deliveryStatus": "success"}).json()["data"]
    assert [attempt["status"] for attempt in filtered[0]["attempts"]] == ["success"]


def test_a_slow_receiver_is_served_many_at_a_time(simulator: Simulator, api: httpx.Client, receiver: Receiver) -> None:
    receiver.takes_seconds = 0.5
    webhook = _register(api, receiver.url)
    began = time.monotonic()
    for _ in range(60):
        simulator.create()
    eventually(lambda: len(receiver.received) == 60)
    _quiet(simulator)
    assert time.monotonic() - began < 60 * 0.5 / 3
    assert api.get(f"/events/webhooks/{webhook['id']}/stats").json()["durationMs"]["minimum"] >= 500


def test_a_receiver_that_is_not_there_is_a_transport_error(simulator: Simulator, api: httpx.Client) -> None:
    webhook = _register(api, "http://127.0.0.1:9/hook")
    simulator.create()
    path = f"/events/webhooks/{webhook['id']}/deliveries"
    eventually(lambda: bool(api.get(path).json()["data"]))
    attempt = api.get(path).json()["data"][0]["attempts"][0]
    assert (attempt["errorClass"], attempt["responseHttpStatusCode"]) == ("transport_error", None)
    assert SECRET not in json.dumps(attempt)


def test_deliveries_come_in_pages(simulator: Simulator, api: httpx.Client, receiver: Receiver) -> None:
    webhook = _register(api, receiver.url)
    for _ in range(5):
        simulator.create()
    eventually(lambda: len(receiver.received) == 5)
    _quiet(simulator)
    path, seen, cursor = f"/events/webhooks/{webhook['id']}/deliveries", [], None
    while True:
        page = api.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [group["eventId"] for group in page["data"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert api.get(path, params={"cursor": "nonsense"}).status_code == 400
    assert api.get(path, params={"eventType": ALL[4]}).json()["data"] == []


def test_dropped_webhooks_are_never_tried_but_the_event_is_there(
    simulator: Simulator, api: httpx.Client, receiver: Receiver
) -> None:
    webhook = _register(api, receiver.url)
    simulator.faults.drop_webhooks = 1.0
    simulator.create()
    _quiet(simulator)
    assert receiver.received == []
    assert len(api.get("/events/sandboxes").json()) == 1
    assert api.get(f"/events/webhooks/{webhook['id']}/deliveries").json() == {"data": [], "nextCursor": None}


@pytest.fixture
def untidy(clock: ManualClock) -> Iterator[Served]:
    with served(empty(duplicate_share=0.5, late_share=0.5), clock) as running:
        yield running


def test_some_deliveries_come_twice_and_some_out_of_order(untidy: Served, receiver: Receiver) -> None:
    simulator = untidy.simulator
    with httpx.Client(base_url=untidy.url, headers={"X-API-Key": DEFAULT_API_KEY}, trust_env=False) as api:
        _register(api, receiver.url)
    for _ in range(40):
        simulator.create()
    simulator.advance(10)
    eventually(lambda: len(receiver.received) > 40)
    _quiet(simulator)
    ids = [_event_id(got) for got in receiver.received]
    written = [event.id for event in simulator.journal.page(None, (), oldest_first=True, offset=0, limit=100)]
    assert set(ids) == set(written)
    assert list(dict.fromkeys(ids)) != written


def _event_id(got: Received) -> str:
    return str(json.loads(got.body)["id"])
