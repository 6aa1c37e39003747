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
