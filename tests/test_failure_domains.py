"""One account that is broken, in any way, hinders no other: for every round that goes over accounts."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError

from events import causes, observe, reconcile
from events.webhooks import upkeep
from sandboxes.actions import Actor, request
from sandboxes.actions.sending import AT_ONCE, send_due
from sandboxes.cleanup import reaper
from sandboxes.cleanup.reaper.facts import Fleet
from sandboxes.metrics import polling, series
from sandboxes.models import Account, AccountHealth, Action, Execution, Heartbeat, Policy, Sandbox
from simulator import DEFAULT_API_KEY, empty
from tests.support import failure_domains, reaping, records
from tests.support.failure_domains import KINDS, Three, break_it, ends_unless

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
ANNA = Actor("user", "anna")


@pytest.fixture
def three(serve_simulator) -> Iterator[Three]:
    from events.writing import context

    context.forget()
    Policy.objects.all().delete()
    records.price()
    now = datetime.now(UTC)
    Heartbeat.objects.update_or_create(name="api", defaults={"at": now, "up_since": now - timedelta(days=1)})
    yield failure_domains.three(lambda seed: serve_simulator(empty(seed=seed)), webhook_secret="whsec")
    context.forget()


def living(three: Three) -> list[Sandbox]:
    """One sandbox of each account, on record as the backend has it."""
    now = datetime.now(UTC)
    return [
        records.sandbox(
            backend.simulator.create(timeout=3000).id, of=account, started_at=now, end_at=now + timedelta(hours=1)
        )
        for account, backend in zip(three.accounts, three.backends, strict=True)
    ]


def round_error(account: Account, name: str) -> str:
    return str(AccountHealth.objects.get(account=account).round_errors.get(name, {}).get("error", ""))


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
        assert stuck.state == "queued"


async def test_act_of_unreadable_key_is_sent_once_the_key_is_entered(three, monkeypatch):
    boxes = await sync_to_async(living)(three)
    action = await sync_to_async(request)(boxes[1], "kill", ANNA)
    await sync_to_async(break_it)(three, "key", monkeypatch)
    await send_due()
    waiting = await Action.objects.aget(pk=action.pk)
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    assert "Not sent yet" in waiting.error
    assert waiting.next_attempt_at is not None
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
    assert stuck.next_attempt_at is not None
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


def all_healthy(three: Three, **fields: object) -> bool:
    """Whether the health of both sound accounts has these columns filled."""
    return AccountHealth.objects.filter(account__in=[one for one, _ in three.healthy], **fields).count() == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "work", "is_done"),
    [
        ("sync", observe.sync_all, {"last_sync_at__isnull": False}),
        ("poll", polling.poll_all, {"last_poll_at__isnull": False}),
        ("reconcile", reconcile.reconcile_all, {"last_reconcile_at__isnull": False}),
        ("webhook", upkeep.tend_all, {"webhook__read_at__isnull": False}),
    ],
    ids=["sync", "poll", "reconcile", "webhook"],
)
async def test_round_serves_healthy_accounts(three, name, work, is_done, kind, monkeypatch):
    await sync_to_async(living)(three)
    await sync_to_async(break_it)(three, kind, monkeypatch)
    await ends_unless(kind, work(), lambda: all_healthy(three, **is_done))
    if kind != "hang":
        health = await AccountHealth.objects.aget(account=three.broken)
        told = {"sync": health.sync_error, "poll": health.poll_error, "reconcile": health.reconcile_error}
        assert told.get(name) or health.webhook.get("error") or await sync_to_async(round_error)(three.broken, name)


@pytest.mark.parametrize("kind", KINDS)
async def test_backfill_serves_healthy_accounts(three, kind, monkeypatch):
    boxes = await sync_to_async(living)(three)
    started_at = datetime.now(UTC) - timedelta(minutes=10)
    await Sandbox.objects.aupdate(started_at=started_at)
    for box in boxes:
        await Execution.objects.acreate(sandbox=box, key="run", started_at=started_at)
    await sync_to_async(break_it)(three, kind, monkeypatch)

    def is_served() -> bool:
        fetched = Sandbox.objects.filter(pk__in=[boxes[0].pk, boxes[2].pk], backfilled_from__isnull=False)
        return fetched.count() == 2

    await ends_unless(kind, series.backfill_some(), is_served)


@pytest.mark.parametrize("kind", KINDS)
async def test_causes_are_looked_for_in_healthy_accounts(three, kind, monkeypatch):
    boxes = await sync_to_async(living)(three)
    ended_at = datetime.now(UTC) - timedelta(minutes=1)
    await Sandbox.objects.aupdate(state="ended", end_reason="vanished", ended_at=ended_at)
    await sync_to_async(break_it)(three, kind, monkeypatch)

    def is_served() -> bool:
        looked_at = Sandbox.objects.filter(pk__in=[boxes[0].pk, boxes[2].pk], cause_looked_at__isnull=False)
        return looked_at.count() == 2

    await ends_unless(kind, causes.look_at_all(), is_served)


@pytest.mark.parametrize("kind", KINDS)
async def test_reaper_acts_on_healthy_accounts(three, kind, monkeypatch):
    boxes = await sync_to_async(living)(three)
    now = datetime.now(UTC)
    await AccountHealth.objects.aupdate(last_sync_at=now)
    await reaping.policy(max_fleet_fraction=1.0)
    await sync_to_async(break_it)(three, kind, monkeypatch)

    def is_served() -> bool:
        return Action.objects.filter(sandbox__in=[boxes[0], boxes[2]], state="queued").count() == 2

    await ends_unless(kind, reaper.run_all(), is_served)
    if kind != "hang":
        assert (await Action.objects.aget(sandbox=boxes[1])).state == "grace", "nobody knows whether it is alive"


@pytest.mark.parametrize("step", ["fleet_of", "judge_fleet"])
async def test_reaper_judges_other_accounts_after_a_database_error(three, step, monkeypatch):
    boxes = await sync_to_async(living)(three)
    await AccountHealth.objects.aupdate(last_sync_at=datetime.now(UTC))
    await reaping.policy(max_fleet_fraction=1.0)
    whole = getattr(reaper.round, step)

    def failing(*given, **more):
        one = next(one for one in given if isinstance(one, Account | Fleet))
        account = one.account if isinstance(one, Fleet) else one
        if account.pk == three.broken.pk:
            raise DatabaseError("out of memory")
        return whole(*given, **more)

    monkeypatch.setattr(reaper.round, step, failing)
    await reaper.run_all()
    assert await Action.objects.filter(sandbox__in=[boxes[0], boxes[2]], state="queued").acount() == 2
    name = "facts" if step == "fleet_of" else "judge"
    assert await sync_to_async(round_error)(three.broken, name) == "DatabaseError: out of memory"
    monkeypatch.setattr(reaper.round, step, whole)
    await reaper.run_all()
    assert await sync_to_async(round_error)(three.broken, name) == ""


async def test_last_looks_of_another_policy_do_not_hide_that_one_fails(three, monkeypatch):
    boxes = await sync_to_async(living)(three)
    await AccountHealth.objects.aupdate(last_sync_at=datetime.now(UTC))
    await reaping.policy(name="first", max_fleet_fraction=1.0)
    await reaping.policy(name="second", max_fleet_fraction=1.0, action="notify")
    decide = reaper.acting.decide

    def failing(spec, fleet, pairs, kept):
        if spec.action == "kill" and fleet.account.pk == three.broken.pk:
            raise DatabaseError("out of memory")
        return decide(spec, fleet, pairs, kept)

    monkeypatch.setattr(reaper.acting, "decide", failing)
    await reaper.run_all()
    told = Action.objects.filter(kind="notify", state="confirmed", sandbox=boxes[1])
    assert await told.aexists(), "the second policy has succeeded for this account, after the first one failed"
    assert await sync_to_async(round_error)(three.broken, "reap") == "DatabaseError: out of memory"
    monkeypatch.setattr(reaper.acting, "decide", decide)
    await reaper.run_all()
    assert await sync_to_async(round_error)(three.broken, "reap") == ""


async def test_account_that_is_not_judged_keeps_the_error_of_its_last_judgement(three, monkeypatch):
    await sync_to_async(living)(three)
    await AccountHealth.objects.aupdate(last_sync_at=datetime.now(UTC))
    await reaping.policy(max_fleet_fraction=1.0)
    judge_fleet = reaper.round.judge_fleet

    def failing(*given, **more):
        raise DatabaseError("out of memory")

    monkeypatch.setattr(reaper.round, "judge_fleet", failing)
    await reaper.run_all()
    monkeypatch.setattr(reaper.round, "judge_fleet", judge_fleet)
    await AccountHealth.objects.aupdate(last_sync_at=datetime.now(UTC) - timedelta(hours=1))
    await reaper.run_all()
    assert await sync_to_async(round_error)(three.broken, "judge") == "DatabaseError: out of memory"


async def test_reaper_runs_other_policies_after_a_fault_of_one(three, monkeypatch):
    await sync_to_async(living)(three)
    await AccountHealth.objects.aupdate(last_sync_at=datetime.now(UTC))
    first = await reaping.policy(name="first")
    second = await reaping.policy(name="second")
    judge = reaper.round.judge_policy

    def failing(policy, *given):
        if policy.pk == first.pk:
            raise ZeroDivisionError("ours")
        return judge(policy, *given)

    monkeypatch.setattr(reaper.round, "judge_policy", failing)
    await reaper.run_all()
    assert (await Policy.objects.aget(pk=second.pk)).last_run_at


@pytest.mark.parametrize("api_beats", [True, False])
async def test_reaper_shares_its_lock_among_busy_policies(three, monkeypatch, api_beats):
    """Also in a long round, an API that has stopped since its start holds the policies that follow."""
    await sync_to_async(living)(three)
    began = datetime.now(UTC)
    await AccountHealth.objects.aupdate(last_sync_at=began)
    clock, acted = [0.0], []

    async def slow(spec, due, fleets, seconds):
        acted.append(spec.name)
        clock[0] += seconds
        if api_beats:
            await Heartbeat.objects.aupdate(at=began + timedelta(seconds=clock[0]))

    monkeypatch.setattr(reaper.acting, "act", slow)
    monkeypatch.setattr(reaper.round, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    for name in ("first", "second", "third", "fourth"):
        await reaping.policy(name=name, action="notify", max_fleet_fraction=1.0)
    await reaper.run_all()
    if not api_beats:
        assert acted == ["first"]
        return
    assert acted == ["first", "second", "third", "fourth"], "none waits for ever"
    assert clock[0] + reaper.acting.GRACE_SECONDS < reaper.round.LOCK_SECONDS, "the last one still ends under the lock"


async def test_backend_that_hangs_is_left_alone_and_its_queue_costs_no_attempts(three, monkeypatch):
    boxes = await sync_to_async(living)(three)
    more = [await sync_to_async(records.sandbox)(of=three.broken) for _ in range(150)]
    for box in (*more, *boxes):
        await sync_to_async(request)(box, "kill", ANNA)
    deletes = []
    send = httpx.AsyncClient.send

    async def silent(self, request, **given):
        if str(request.url).startswith(three.broken.url):
            deletes.append(request.method == "DELETE")
            await asyncio.sleep(0)
            raise httpx.ReadTimeout("silent")
        return await send(self, request, **given)

    monkeypatch.setattr(httpx.AsyncClient, "send", silent)
    await send_due()
    assert await Action.objects.filter(sandbox__in=[boxes[0], boxes[2]], outcome="killed").acount() == 2
    assert sum(deletes) <= AT_ONCE, "what was under way when it became silent"
    waiting = Action.objects.filter(account=three.broken, state="queued")
    assert await waiting.acount() >= 151 - AT_ONCE
    assert {action.attempts async for action in waiting} == {0}
    assert {"left alone" in action.error async for action in waiting} == {True}
    assert not await waiting.filter(next_attempt_at__lte=datetime.now(UTC)).aexists()
