"""A simulated fleet of a former start is forgotten whole; a real one never."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async

from events import inbox
from events.forgetting import forget_deleted, forget_set_aside, set_aside
from events.models import LifecycleEvent
from events.writing import Arrival
from sandboxes.cleanup.retention import KEPT
from sandboxes.core.database import execute
from sandboxes.models import Account, Execution, Sandbox, SandboxLock
from tests.events.factories import at, real
from tests.support import records

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


async def test_deleted_account_is_forgotten_400_days_later(account):
    await inbox.store([Arrival(account.pk, "webhook", at(1), real("created", 0))])
    account.deleted_at = at(0)
    await account.asave()
    assert await sync_to_async(forget_deleted)(at(0) + KEPT) == 0
    assert await Sandbox.objects.acount() == 1
    assert await sync_to_async(forget_deleted)(at(0) + KEPT + timedelta(seconds=1)) == 1
    assert not await Account.with_deleted.filter(name="prod").aexists()
    for model in (Sandbox, Execution, SandboxLock, LifecycleEvent):
        assert await model.objects.acount() == 0


async def test_account_that_cannot_be_forgotten_hinders_no_other(account):
    """As when somebody else's row still points at it: it is tried again, and the next one goes."""
    await inbox.store([Arrival(account.pk, "webhook", at(1), real("created", 0))])
    other = await sync_to_async(records.account)("other")
    await Account.objects.aupdate(deleted_at=at(0))
    await sync_to_async(execute)(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF OLD.id = {account.pk} THEN RAISE foreign_key_violation; END IF; RETURN OLD; END $$;"
        "CREATE TRIGGER refuses BEFORE DELETE ON sandboxes_account FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    try:
        assert await sync_to_async(forget_deleted)(at(0) + 2 * KEPT) == 1
        assert [one.pk async for one in Account.with_deleted.all()] == [account.pk] != [other.pk]
    finally:
        await sync_to_async(execute)("DROP TRIGGER refuses ON sandboxes_account; DROP FUNCTION refuse()")
    assert await sync_to_async(forget_deleted)(at(0) + 2 * KEPT) == 1


def test_account_that_is_not_deleted_is_never_forgotten(account):
    assert forget_deleted(at(0) + 2 * KEPT) == 0
    assert Account.objects.filter(pk=account.pk).exists()


def test_a_real_account_is_never_set_aside(account):
    with pytest.raises(ValueError, match="no simulated one"):
        set_aside(account)
    assert forget_set_aside() == 0
