"""One account that is broken, in any way, hinders no other: for every round that goes over accounts."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from sandboxes.actions import Actor, request
from sandboxes.actions.sending import send_due
from sandboxes.models import Account, AccountHealth, Action, Heartbeat, Policy
from simulator import DEFAULT_API_KEY, empty
from tests import failure_domains, records
from tests.failure_domains import KINDS, Three, break_it, ends_unless

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
ANNA = Actor("user", "anna")


@pytest.fixture
def three(serve_simulator) -> Three:
    from events.writing import house

    house.forget()
    Policy.objects.all().delete()
    records.price()
    now = datetime.now(UTC)
    Heartbeat.objects.update_or_create(name="api", defaults={"at": now, "up_since": now - timedelta(days=1)})
    yield failure_domains.three(lambda: serve_simulator(empty()), webhook_secret="whsec")
    house.forget()


def living(three: Three) -> list:
    """One sandbox of each account, on record as the backend has it."""
    now = datetime.now(UTC)
    return [
        records.sandbox(
            backend.simulator.create(timeout=3000).id, of=account, started_at=now, end_at=now + timedelta(hours=1)
        )
        for account, backend in zip(three.accounts, three.backends, strict=True)
    ]


def round_error(account: Account, name: str) -> str:
    return AccountHealth.objects.get(account=account).round_errors.get(name, {}).get("error", "")


@pytest.mark.parametrize("kind", KINDS)
async def test_acts_of_healthy_accounts_are_sent(three, kind, monkeypatch):
    boxes = await sync_to_async(living)(three)
    mine = [await sync_to_async(request)(box, "kill", ANNA) for box in boxes]
    await sync_to_async(break_it)(three, kind, monkeypatch)

    def is_served() -> bool:
        return Action.objects.filter(pk__in=[mine[0].pk, mine[2].pk], state="done", outcome="killed").count() == 2

    await ends_unless(kind, send_due(), is_served)
    if kind != "hang":
        stuck = await Action.objects.aget(pk=mine[1].pk)
        assert stuck.error
        assert stuck.state == ("failed" if kind == "unauthorized" else "queued")


async def test_act_of_unreadable_key_is_sent_once_the_key_is_entered(three, monkeypatch):
    boxes = await sync_to_async(living)(three)
    action = await sync_to_async(request)(boxes[1], "kill", ANNA)
    await sync_to_async(break_it)(three, "key", monkeypatch)
    await send_due()
    waiting = await Action.objects.aget(pk=action.pk)
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    assert "Not sent yet" in waiting.error
    assert waiting.next_attempt_at > datetime.now(UTC)
    assert "encrypted with another key" in await sync_to_async(round_error)(three.broken, "act")

    account = await Account.objects.aget(pk=three.broken.pk)
    account.api_key = DEFAULT_API_KEY
    await account.asave(update_fields=["api_key"])
    await Action.objects.filter(pk=action.pk).aupdate(next_attempt_at=datetime.now(UTC))
    await send_due()
    sent = await Action.objects.aget(pk=action.pk)
    assert (sent.state, sent.outcome, sent.error) == ("done", "killed", "")
    assert await sync_to_async(round_error)(three.broken, "act") == ""


@pytest.mark.parametrize("state", ["sent", "done"])
async def test_look_with_unreadable_key_is_told_and_made_again(three, state, monkeypatch):
    boxes = await sync_to_async(living)(three)
    due = datetime.now(UTC) - timedelta(seconds=1)
    for box in boxes:
        await sync_to_async(records.action)(box, "pause", state, sent_at=due, answered_at=due, next_attempt_at=due)
    await sync_to_async(break_it)(three, "key", monkeypatch)
    await send_due()
    stuck = await Action.objects.aget(sandbox=boxes[1])
    assert stuck.state == state
    assert stuck.next_attempt_at > due
    if state == "sent":
        assert "encrypted with another key" in stuck.error
        others = Action.objects.exclude(sandbox=boxes[1])
        assert {action.state async for action in others} <= {"queued", "done"}, "a look showed that nothing happened"


async def test_fault_of_ours_in_one_call_spoils_no_other_answer(three, monkeypatch):
    from sandboxes.e2b import E2BClient

    boxes = await sync_to_async(living)(three)
    account, backend = three.healthy[0]
    more = backend.simulator.create(timeout=3000).id
    second = await sync_to_async(records.sandbox)(more, of=account)
    kill = E2BClient.kill

    async def faulty(self, sandbox_id, **given):
        if sandbox_id == more:
            raise ZeroDivisionError("ours")
        return await kill(self, sandbox_id, **given)

    monkeypatch.setattr(E2BClient, "kill", faulty)
    for box in (boxes[0], second):
        await sync_to_async(request)(box, "kill", ANNA)
    await send_due()
    assert (await Action.objects.aget(sandbox=boxes[0])).outcome == "killed"
    unknown = await Action.objects.aget(sandbox=second)
    assert (unknown.state, unknown.error) == ("sent", "ZeroDivisionError: ours")
    assert unknown.next_attempt_at, "a look will tell"
