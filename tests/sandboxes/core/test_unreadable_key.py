"""An account whose stored key can't be opened: its client says so at each call, and every round goes on."""

import pytest
from cryptography.fernet import Fernet

from events import observe, reconcile
from events.webhooks import upkeep
from sandboxes.core import accounts, crypto
from sandboxes.e2b import E2BError, KeyUnreadable
from sandboxes.models import Account, AccountHealth
from tests.support import records

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def locked(settings, mailbox):
    """An account as it is loaded after its encryption key was lost."""
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    made = records.account("locked", api_key="e2b_of_a_lost_key", webhook_secret="of-a-lost-key-too", webhook_id="wh1")
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    return Account.objects.get(pk=made.pk)


async def test_client_is_made_and_each_call_raises_one_of_its_own_errors(locked):
    async with accounts.client_for(locked) as client:
        for call in (client.list_page(), client.kill("iabc"), client.templates(), client.webhooks()):
            with pytest.raises(KeyUnreadable, match="enter the secret again") as failure:
                await call
            assert not failure.value.maybe_sent


def test_opening_any_secret_raises_the_same_family(locked):
    for name in ("api_key", "webhook_secret"):
        with pytest.raises(E2BError, match="enter the secret again"):
            getattr(locked, name)
    assert issubclass(crypto.BadKey, KeyUnreadable)


async def test_sync_and_reconcile_write_it_to_the_accounts_health(locked):
    assert await observe.sync(locked) == 0
    assert await reconcile.reconcile(locked) == 0
    health = await AccountHealth.objects.aget(account=locked)
    assert "enter the secret again" in health.sync_error
    assert "enter the secret again" in health.reconcile_error
    assert health.reachable is False


async def test_webhook_upkeep_writes_it_down_and_serves_the_next_account(locked, monkeypatch):
    other = await Account.objects.acreate(name="other", url="http://127.0.0.1:1", webhook_id="wh2")
    seen, tend = [], upkeep.tend

    async def noted(account):
        seen.append(account.pk)
        await tend(account)

    monkeypatch.setattr(upkeep, "tend", noted)
    locked.webhook_id = ""  # what is left is the secret, which can't be opened
    await locked.asave(update_fields=["webhook_id"])
    await upkeep.tend_all()
    assert sorted(seen) == [locked.pk, other.pk]
    health = await AccountHealth.objects.aget(account=locked)
    assert "enter the secret again" in health.webhook["error"]
