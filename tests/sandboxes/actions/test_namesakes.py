"""A confirmed kill condemns its ID in every account, until another account's backend shows that sandbox alive."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from events.observe import sync
from sandboxes.actions import Actor, request
from sandboxes.actions.sending import send_due
from sandboxes.models import Account, AccountHealth, Action, Sandbox, SandboxLock
from tests.support import records
from tests.support.ageing import cooldowns_are_over
from tests.support.scripted import scripted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("backend")]
NOT_NOW: tuple[int, Any, dict[str, str]] = (500, {"code": 500, "message": "no"}, {})


@pytest.fixture
def two():
    """Two backends, each with an account of its own and a running sandbox `i1`."""
    with ExitStack() as stack:
        backends = [stack.enter_context(scripted()) for _ in range(2)]
        Account.objects.update(enabled=False)
        for number, one in enumerate(backends):
            known = {"at": datetime.now(UTC).isoformat()}
            one.watched = records.account(f"account{number}", url=one.url, capabilities=known)
            one.put("i1")
        yield backends


async def look_again():
    cooldowns_are_over()
    await Action.objects.exclude(next_attempt_at=None).aupdate(next_attempt_at=datetime.now(UTC) - timedelta(seconds=1))
    await send_due()


async def killed_at(first, second):
    """A person's kill through the first account, confirmed; what the second holds is from before."""
    for one in (first, second):
        await sync(one.watched)
    box = await Sandbox.objects.select_related("account", "lock").aget(account=first.watched)
    await sync_to_async(request)(box, "kill", Actor("user", "anna"))
    await send_due()
    await sync(first.watched)
    await look_again()
    assert (await Action.objects.aget()).state == "confirmed"


async def condemned():
    return (await SandboxLock.objects.aget()).pending_action_id is not None


async def test_namesake_that_its_backend_shows_is_released(two):
    await killed_at(*two)
    await look_again()
    assert not await condemned()


async def test_namesake_whose_death_is_not_on_record_yet_stays_condemned(two):
    """One project in two accounts: the second one's list is complete, and no GET of it has been answered."""
    first, second = two
    second.answers["/sandboxes/i1"] = NOT_NOW
    await killed_at(first, second)
    del second.sandboxes["i1"]
    await sync(second.watched)
    await look_again()
    held = await Sandbox.objects.aget(account=second.watched)
    synced_at = (await AccountHealth.objects.aget(account=second.watched)).last_sync_at
    confirmed_at = (await Action.objects.aget()).confirmed_at
    assert synced_at is not None
    assert confirmed_at is not None
    assert (held.state, synced_at > confirmed_at) == ("running", True)
    assert await condemned()


async def test_account_with_a_condemned_namesake_is_not_asked_at_each_round(two):
    first, second = two
    second.answers["/sandboxes/i1"] = (404, {"code": 404, "message": "gone"}, {})
    await killed_at(first, second)
    for _ in range(3):
        await send_due()
    assert second.asked("GET", "/sandboxes/i1") == 1
    await look_again()
    assert second.asked("GET", "/sandboxes/i1") == 2
    assert await condemned()
