"""The receiver's status codes are the contract; never 2xx before the event is on disk."""

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from events import endpoints
from events.models import Delivery, LifecycleEvent
from events.receiver import MAX_BODY_BYTES
from tests.events.conftest import SECRET
from tests.events.factories import recent

pytestmark = pytest.mark.usefixtures("mailbox")


async def test_it_works(post):
    response = await post(recent())
    assert response.status_code == 202, response.text
    kept = await LifecycleEvent.objects.aget()
    assert (kept.type, kept.source, kept.sandbox_id) == ("sandbox.lifecycle.created", "webhook", "i1")
    assert kept.raw["sandbox_team_id"] == "t1"


async def test_the_first_account_is_behind_the_short_address(post):
    assert (await post(recent(), url="/webhooks/e2b/")).status_code == 202


async def test_the_same_delivery_again_is_202_and_kept_once(post):
    body = recent()
    assert [(await post(body)).status_code for _ in range(3)] == [202, 202, 202]
    assert await LifecycleEvent.objects.acount() == 1


@pytest.mark.parametrize("secret", ["wrong", ""])
async def test_a_bad_signature_is_401_and_noted(post, secret):
    assert (await post(recent(), secret=secret)).status_code == 401
    await post.receiver.refusals.flush()
    noted = await Delivery.objects.aget(state="refused")
    assert "signature" in noted.reason
    assert noted.headers.get("e2b-signature", "•••") == "•••"
    assert await LifecycleEvent.objects.acount() == 0


async def test_of_a_refused_delivery_only_named_headers_are_kept_and_not_whole(post):
    sent = {"x-huge": "x" * 30_000, "user-agent": "u" * 9_000}
    assert (await post(recent(), secret="wrong", **sent)).status_code == 401
    await post.receiver.refusals.flush()
    noted = await Delivery.objects.aget(state="refused")
    assert "x-huge" not in noted.headers
    assert len(noted.headers["user-agent"]) == 4096


async def test_no_secret_set_is_401(post, account):
    account.webhook_secret = ""
    await account.asave()
    assert (await post(recent(), secret="")).status_code == 401


async def test_the_previous_secret_opens_while_it_is_rotated(post, account):
    account.webhook_secret, account.previous_webhook_secret = "new", SECRET
    account.previous_secret_until = datetime.now(UTC) + timedelta(hours=1)
    await account.asave()
    assert (await post(recent())).status_code == 202
    account.previous_secret_until = datetime.now(UTC) - timedelta(seconds=1)
    await account.asave()
    assert (await post(recent())).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id":"1"}garbage', b'{"id":"1"}{"id":"2"}', b"\xff\xfe", b'"x"'])
async def test_not_exactly_one_object_is_400(post, body):
    assert (await post(body)).status_code == 400
    assert await LifecycleEvent.objects.acount() == 0


async def test_a_signed_object_that_cannot_be_read_is_parked_and_202(post):
    assert (await post(recent(sandbox_id=17))).status_code == 202
    parked = await Delivery.objects.aget(state="parked")
    assert "sandbox_id is not text" in parked.reason
    assert json.loads(bytes(parked.body))["sandbox_id"] == 17


@pytest.mark.parametrize("word", ["snoozed", "created"])
async def test_an_unknown_word_or_no_event_data_is_an_ordinary_event(post, word):
    assert (await post(recent(word))).status_code == 202
    assert (await LifecycleEvent.objects.aget()).type.endswith(word)


async def test_too_large_is_413_also_when_chunked(post):
    large = b'{"a":"' + b"x" * MAX_BODY_BYTES + b'"}'
    assert (await post(large)).status_code == 413


async def test_other_methods_and_addresses(post):
    assert (await post(b"", method="GET")).status_code == 405
    assert (await post(recent(), url="/webhooks/e2b/nobody/")).status_code == 404
    assert (await post(recent(), url="/webhooks/other/")).status_code == 404


async def test_older_than_what_we_keep_is_202_and_not_taken_in(post):
    assert (await post(recent(timestamp="2019-01-01T00:00:00Z"))).status_code == 202
    assert await LifecycleEvent.objects.acount() == 0


async def test_the_database_away_is_503_with_no_event_half_kept(post, monkeypatch):
    await post(recent())
    from events import writing

    async def away(*_):
        raise OSError("gone")

    monkeypatch.setattr(writing, "write", away)
    assert (await post(recent("killed"))).status_code == 503
    monkeypatch.undo()
    assert (await post(recent("killed"))).status_code == 202
    assert await LifecycleEvent.objects.acount() == 2


async def test_nobody_waits_for_a_database_that_does_not_come(post, monkeypatch):
    await post(recent())
    comes = threading.Event()
    monkeypatch.setattr(endpoints, "read_endpoints", lambda: comes.wait(30))
    monkeypatch.setattr(endpoints, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(endpoints, "KEEP_SECONDS", 0.0)
    known, strange = await asyncio.gather(post(recent("killed")), post(recent(), url="/webhooks/e2b/other/"))
    comes.set()
    assert (known.status_code, strange.status_code) == (202, 503)


async def test_a_burst_is_stored_once_each(post):
    bodies = [recent(sandbox_id=f"i{n}", id=f"{n:08d}-0000-4000-8000-000000000000") for n in range(100)]
    answers = await asyncio.gather(*(post(body) for body in bodies * 2))
    assert {answer.status_code for answer in answers} == {202}
    assert await LifecycleEvent.objects.acount() == 100


async def test_refused_ones_are_kept_within_bounds(post):
    for n in range(250):
        post.receiver.refusals.note(1, f"r{n}", datetime.now(UTC), {}, b"x" * 10_000)
    assert len(post.receiver.refusals._waiting) == 200
    post.receiver.refusals._waiting.clear()
