"""A simulated fleet of a former start is forgotten whole; a real one never."""

import pytest
from asgiref.sync import sync_to_async

from events import inbox
from events.forgetting import forget_set_aside, set_aside
from events.models import LifecycleEvent
from events.writing import Arrival
from sandboxes.models import Account, Execution, Sandbox, SandboxLock
from tests.events.factories import at, real

pytestmark = pytest.mark.usefixtures("mailbox")


async def test_it_works(account):
    account.simulated = True
    await account.asave()
    events = [real("created", 0), real("updated", 1, set_timeout=at(9).isoformat()), real("killed", 5)]
    await inbox.store([Arrival(account.pk, "webhook", at(1), event) for event in events])
    await sync_to_async(set_aside)(account)
    assert not await Account.objects.filter(name="prod").aexists()
    assert await sync_to_async(forget_set_aside)() == 1
    for model in (Account, Sandbox, Execution, SandboxLock, LifecycleEvent):
        assert await model.objects.acount() == 0


def test_a_real_account_is_never_set_aside(account):
    with pytest.raises(ValueError, match="no simulated one"):
        set_aside(account)
    assert forget_set_aside() == 0
