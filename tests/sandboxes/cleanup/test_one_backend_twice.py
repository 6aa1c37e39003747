"""One backend that two accounts reach by addresses that look different: what holds for one protects through both."""

import pytest
from asgiref.sync import sync_to_async

from events.observe import sync
from sandboxes.actions import Actor, request
from sandboxes.models import Account, Action, Sandbox
from simulator import DEFAULT_API_KEY
from tests.support import records
from tests.support.reaping import act, policy

ANNA = Actor("user", "anna")


@pytest.fixture
def other(backend):
    """The same backend by another name of its host, in capitals and with a slash: no text compares equal."""
    url = backend.url.replace("http://127.0.0.1", "HTTP://LOCALHOST") + "/"
    free = {"actions": "policies", "brake": {"per_hour": 10_000, "per_day": 10_000}}
    return records.account("other", url=url, api_key=DEFAULT_API_KEY, **free)


async def told_apart():
    """Nobody has noticed yet that both list the same sandboxes: each is judged for itself."""
    await Account.objects.aupdate(same_fleet_as=None)


async def through(account, name):
    await sync(account)
    await told_apart()
    return await Sandbox.objects.select_related("lock", "account").aget(sandbox_id=name, account=account)


@pytest.mark.parametrize("protected", [True, False])
async def test_what_one_account_protects_no_policy_of_the_other_kills(backend, other, kills, protected):
    name = backend.make()
    mine, theirs = await through(backend.account, name), await through(other, name)
    assert (mine.lock_id, other.url) == (theirs.lock_id, backend.url.replace("127.0.0.1", "localhost"))
    if protected:
        await sync_to_async(request)(mine, "protect", ANNA, reason="mine")
    await policy(match={"accounts": ["other"]})
    for _ in range(2):
        await act()
        await told_apart()
    assert kills == ([] if protected else [name])
    assert backend.state(name) == ("running" if protected else "gone")
    assert await Action.objects.filter(actor_kind="policy").acount() == (0 if protected else 1)
