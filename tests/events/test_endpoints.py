"""Which account a delivery's address leads to: found at once when it is new, cheap to ask for when it is none."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from asgiref.sync import sync_to_async

from events import database, endpoints
from events.endpoints import WebhookEndpoints
from events.inbox import Inbox
from events.limits import Unavailable
from events.models import LifecycleEvent
from events.receiver import LOCKED
from events.writing import Arrival
from sandboxes.models import Account
from sandboxes.models.fields import Sealed
from tests.events.factories import at, real, recent

pytestmark = pytest.mark.usefixtures("mailbox")
LOST_KEY = Sealed("fernet:sealed-by-a-lost-key")


@pytest.fixture
def reads(monkeypatch):
    """Counts the reads of all accounts."""
    begun, read = [], endpoints.read_endpoints

    def counted():
        begun.append(1)
        return read()

    monkeypatch.setattr(endpoints, "read_endpoints", counted)
    return begun


async def by_another_process(statement, *values):
    """Runs SQL that no cache of this process hears of."""
    async with await psycopg.AsyncConnection.connect(database.conninfo()) as connection:
        await connection.execute(statement, values)


async def deleted_elsewhere(account):
    await by_another_process("DELETE FROM sandboxes_accounthealth WHERE account_id = %s", account.pk)
    await by_another_process("DELETE FROM sandboxes_account WHERE id = %s", account.pk)


async def test_endpoint_of_a_new_account_stores_its_first_event(post, account):
    assert (await post(recent())).status_code == 202  # the batch's accounts are in memory from now on
    second = await Account.objects.acreate(name="second", url="http://127.0.0.1:9", webhook_secret="other")
    answer = await post(recent(id="00000002-0000-4000-8000-000000000000"), url="/webhooks/e2b/second/", secret="other")
    assert (answer.status_code, answer.json()) == (202, {"stored": True})
    assert await LifecycleEvent.objects.filter(account=second).acount() == 1


async def test_batch_reads_an_account_that_another_process_has_just_made(account):
    box = Inbox()
    await box.start()
    try:
        await box.store(Arrival(account.pk, "webhook", at(0), real("created", 0)))
        columns = (
            "name, url, api_key, webhook_secret, previous_webhook_secret, webhook_secret_in_environment, "
            "sent_webhook_secret, webhook_id, webhook_url, webhook_events, simulated, enabled, owner_keys, "
            "environment_keys, keep_metadata, capabilities, created_at, actions"
        )
        await by_another_process(
            f"INSERT INTO sandboxes_account ({columns}) VALUES ('new', 'http://x', '', '', '', false, '', '', '', "
            "'{}', false, true, '{}', '{}', '{}', '{}', now(), 'none')"
        )
        new = await Account.objects.aget(name="new")
        await box.store(Arrival(new.pk, "webhook", at(1), real("created", 1, sandbox="i2")))
    finally:
        await box.stop()
    assert await LifecycleEvent.objects.filter(account=new).acount() == 1


async def test_unknown_name_is_404_until_its_account_is_saved(post):
    assert (await post(recent(), url="/webhooks/e2b/second/", secret="other")).status_code == 404
    await Account.objects.acreate(name="second", url="http://127.0.0.1:9", webhook_secret="other")
    assert (await post(recent(), url="/webhooks/e2b/second/", secret="other")).status_code == 202


async def test_unknown_names_share_one_read_and_are_remembered(account, reads):
    found = WebhookEndpoints()
    names = [f"nobody-{n}" for n in range(50)]
    assert await asyncio.gather(*map(found.find, names)) == [None] * 50
    assert len(reads) <= 2
    before = len(reads)
    assert await asyncio.gather(*map(found.find, names)) == [None] * 50
    assert len(reads) == before


async def test_unknown_names_are_bounded_in_memory(account, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST_UNKNOWN", 10)
    found = WebhookEndpoints()
    await asyncio.gather(*(found.find(f"nobody-{n}") for n in range(30)))
    assert len(found._unknown) == 10


@pytest.mark.parametrize("name", ["%00", "a%00b", "x" * 51, "a.b", "%E2%82%AC", "a%20b"])
async def test_name_that_no_account_can_have_is_404_without_a_read(post, reads, name):
    assert (await post(recent(), url=f"/webhooks/e2b/{name}/")).status_code == 404
    assert reads == []


async def test_read_that_began_before_a_save_is_not_believed(account, monkeypatch):
    """The account is saved while a read is under way that does not see it yet."""
    found, read = WebhookEndpoints(), endpoints.read_endpoints
    saved: list[Account] = []

    def slow():
        seen = read()
        if not saved:
            saved.append(Account.objects.create(name="second", url="http://x", webhook_secret="other"))
        return seen

    monkeypatch.setattr(endpoints, "read_endpoints", slow)
    endpoint = await found.find("second")
    assert endpoint is not None
    assert endpoint.account_id == saved[0].pk


async def test_saved_secret_counts_at_once(post, account):
    assert (await post(recent())).status_code == 202
    account.webhook_secret = "new"
    await account.asave()
    assert (await post(recent("killed"))).status_code == 401
    assert (await post(recent("killed"), secret="new")).status_code == 202


async def test_event_of_a_deleted_account_is_503_and_spares_its_batch(post, account):
    second = await Account.objects.acreate(name="second", url="http://127.0.0.1:9", webhook_secret="other")
    assert (await post(recent())).status_code == 202
    assert (await post(recent(sandbox_id="i2"), url="/webhooks/e2b/second/", secret="other")).status_code == 202
    await by_another_process("DELETE FROM events_lifecycleevent WHERE account_id = %s", second.pk)
    await by_another_process("DELETE FROM sandboxes_execution")
    await by_another_process("DELETE FROM sandboxes_sandbox WHERE account_id = %s", second.pk)
    await deleted_elsewhere(second)
    gone = [post(recent("killed", sandbox_id="i3"), url="/webhooks/e2b/second/", secret="other")]
    kept = [post(recent(sandbox_id=f"k{n}", id=f"{n:08d}-0000-4000-8000-000000000000")) for n in range(5)]
    answers = await asyncio.gather(*gone, *kept)
    assert [answer.status_code for answer in answers] == [503, 202, 202, 202, 202, 202]
    assert await LifecycleEvent.objects.filter(sandbox_id__startswith="k").acount() == 5


async def test_inbox_refuses_what_came_for_a_deleted_account(account):
    """Parked deliveries too: their row would have no account."""
    box = Inbox()
    await box.start()
    try:
        await box.store(Arrival(account.pk, "webhook", at(0), real("created", 0)))
        arrival = Arrival(account.pk + 1_000, "webhook", at(1), real("created", 1))
        results = await asyncio.gather(
            box.store(arrival),
            box.store(arrival.set_aside("unreadable")),
            box.store(Arrival(account.pk, "webhook", at(2), real("killed", 2))),
            return_exceptions=True,
        )
    finally:
        await box.stop()
    assert [type(one) for one in results] == [Unavailable, Unavailable, type(None)]
    assert await LifecycleEvent.objects.acount() == 2


@sync_to_async
def sealed(account, **fields):
    Account.objects.filter(pk=account.pk).update(**fields)


async def test_secret_that_cannot_be_opened_is_503_with_a_plain_message(post, account):
    await sealed(account, webhook_secret=LOST_KEY)
    answer = await post(recent())
    assert (answer.status_code, answer.json()) == (503, {"code": "unavailable", "message": LOCKED})


async def test_previous_secret_still_serves_beside_one_that_cannot_be_opened(post, account):
    account.previous_webhook_secret, account.previous_secret_until = "old", datetime.now(UTC) + timedelta(hours=1)
    await account.asave()
    await sealed(account, webhook_secret=LOST_KEY)
    assert (await post(recent(), secret="old")).status_code == 202
    assert (await post(recent())).status_code == 503


async def test_expired_secret_is_never_opened(post, account):
    past = datetime.now(UTC) - timedelta(days=9)
    await sealed(account, previous_webhook_secret=LOST_KEY, previous_secret_until=past)
    assert (await post(recent())).status_code == 202
    assert (await post(recent(), secret="wrong")).status_code == 401
