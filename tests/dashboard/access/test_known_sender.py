"""Whose large bodies are taken in: of somebody signed in, and of a token that holds."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from dashboard.access.known_sender import is_known
from dashboard.models import ApiToken
from tests.support import records

pytestmark = pytest.mark.django_db(transaction=True)


def cookie(key: str) -> dict[bytes, bytes]:
    return {b"cookie": f"a=b; sessionid={key}".encode()}


def bearer(text: str) -> dict[bytes, bytes]:
    return {b"authorization": f"Bearer {text}".encode()}


async def test_somebody_signed_in_is_known_until_the_session_ends(client, django_user_model):
    user = await django_user_model.objects.acreate(username="anna")
    await sync_to_async(client.force_login)(user)
    key = client.cookies["sessionid"].value
    assert await is_known(cookie(key))
    await django_user_model.objects.aupdate(is_active=False)
    assert not await is_known(cookie(key))
    await django_user_model.objects.aupdate(is_active=True)
    assert await is_known(cookie(key))
    await sync_to_async(client.logout)()
    assert not await is_known(cookie(key))


@pytest.mark.parametrize("key", ["", "abc", "a" * 32, "\\x00", "x" * 5000])
async def test_made_up_session_is_nobodys(key):
    assert not await is_known(cookie(key))


async def test_session_of_nobody_is_not_known():
    store = SessionStore()
    store["seen"] = True
    await sync_to_async(store.save)()
    assert not await is_known(cookie(store.session_key or ""))


async def test_token_is_known_until_it_is_revoked():
    text = await sync_to_async(records.token)()
    assert await is_known(bearer(text))
    assert not await is_known(bearer(text + "x"))
    await ApiToken.objects.aupdate(revoked_at=timezone.now() - timedelta(seconds=1))
    assert not await is_known(bearer(text))
    assert not await is_known({})


@pytest.mark.parametrize("change", [{"expires_at": timezone.now()}, {"made_by__is_active": False}])
async def test_token_that_no_longer_holds_is_not_known(change, django_user_model):
    maker = await django_user_model.objects.acreate(username="anna")
    text = await sync_to_async(records.token)()
    await ApiToken.objects.aupdate(made_by=maker)
    assert await is_known(bearer(text))
    if "expires_at" in change:
        await ApiToken.objects.aupdate(**change)
    else:
        await django_user_model.objects.aupdate(is_active=False)
    assert not await is_known(bearer(text))


class Sender:
    """16 MiB to the application as it is served, in parts of 64 KiB; how much of it was taken in, and the answer."""

    PART = b"x" * 65_536

    def __init__(self, headers, *, announced):
        length = [(b"content-length", str(256 * len(self.PART)).encode())] if announced else []
        self.scope = {
            "type": "http", "method": "POST", "path": "/login/", "raw_path": b"/login/", "query_string": b"",
            "scheme": "http", "client": ("192.0.2.1", 1), "server": ("localhost", 80),
            "headers": [(b"host", b"localhost"), *headers.items(), *length],
        }  # fmt: skip
        self.taken, self.status = 0, 0

    async def receive(self):
        if self.taken == 256 * len(self.PART):
            return {"type": "http.disconnect"}
        self.taken += len(self.PART)
        return {"type": "http.request", "body": self.PART, "more_body": self.taken < 256 * len(self.PART)}

    async def send(self, message):
        self.status = message.get("status", self.status)

    async def sends(self):
        from config.asgi import application

        await application(self.scope, self.receive, self.send)
        return self.status, self.taken


@pytest.mark.parametrize("headers", [{}, cookie("a" * 32), bearer("made-up")], ids=["nobody", "cookie", "token"])
@pytest.mark.parametrize(("announced", "most"), [(True, 0), (False, 2 * len(Sender.PART))])
async def test_stranger_gets_no_more_than_two_parts_of_a_large_body_taken_in(headers, announced, most):
    status, taken = await Sender(headers, announced=announced).sends()
    assert (status, taken) == (413, most)


async def test_body_of_somebody_signed_in_is_taken_in_whole(client, django_user_model):
    user = await django_user_model.objects.acreate(username="anna")
    await sync_to_async(client.force_login)(user)
    status, taken = await Sender(cookie(client.cookies["sessionid"].value), announced=True).sends()
    assert (status != 413, taken) == (True, 256 * len(Sender.PART))
