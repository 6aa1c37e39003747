"""No set of policies gets past the account's brake, and nobody past its `actions`."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.actions import Actor, NotAllowed, brake, request, request_bulk
from sandboxes.actions.claims import claim_due
from sandboxes.actions.sending import send_due
from sandboxes.cleanup import reaper
from sandboxes.core.accounts import client_for
from sandboxes.e2b import ChangesForbidden
from sandboxes.models import Account, AccountBrake, AccountHealth, Action, FleetMinute, Heartbeat, Policy, Sandbox
from tests.support import records
from tests.support.reaping import act, policy
from tests.support.search import WITH_FIXTURES, examples

ANNA = Actor("user", "anna")


def now():
    return datetime.now(UTC)


@pytest.fixture
def braked(backend):
    """The account `prod` with the brake that accounts have unless told otherwise."""
    Account.objects.filter(pk=backend.account.pk).update(brake=None)
    backend.account.refresh_from_db()
    return backend


async def killed():
    return await Action.objects.filter(actor_kind="policy", kind="kill").exclude(sent_at=None).acount()


async def test_policies_together_stop_at_the_brake_though_each_stays_under_its_breaker(braked, kills):
    for n in range(40):
        braked.make(job=str(n % 8))
    await braked.sync()
    for n in range(8):
        await policy(name=f"p{n}", match={"metadata": {"job": str(n)}}, max_fleet_fraction=0.2)
    for _ in range(6):
        await act()

    assert len(kills) == 5, "10% of 40 is 4, the least is 5"
    state = await AccountBrake.objects.aget()
    assert state.why == "5 acts of policies in an hour, the maximum"
    held = [one.held_why async for one in Policy.objects.all()]
    assert all("the account's safety limit has tripped" in why for why in held)


async def test_editing_policies_and_restarting_do_not_loosen_the_brake(braked, kills):
    for _ in range(30):
        braked.make()
    await braked.sync()
    kept = await policy(max_fleet_fraction=1)
    await act()
    for n in range(3):
        await Policy.objects.filter(pk=kept.pk).adelete()
        kept = await policy(name=f"again {n}", max_fleet_fraction=1)
        await act()

    assert len(kills) == 5


async def test_person_who_resets_the_brake_lets_policies_act_again(braked, kills):
    for _ in range(20):
        braked.make()
    await braked.sync()
    await policy(max_fleet_fraction=1)
    for _ in range(2):
        await act()
    assert len(kills) == 5
    await sync_to_async(brake.reset)(braked.account, "anna", now())
    await act()

    assert len(kills) == 10
    assert (await AccountBrake.objects.aget()).reset_by == "anna"


async def test_what_a_person_asks_for_is_not_braked(braked, kills):
    names = [braked.make() for _ in range(12)]
    await braked.sync()
    rows = [row async for row in Sandbox.objects.filter(sandbox_id__in=names)]
    await sync_to_async(request_bulk)([row.pk for row in rows], "kill", ANNA)
    await send_due()

    assert len(kills) == 12


def test_limits_grow_with_the_peak_of_the_fleet(db):
    account = records.account()
    assert brake.limits_of(account, now()) == brake.Limits(5, 10)
    for minutes, running in ((30, 80), (120, 500)):
        FleetMinute.objects.create(
            account=account, minute=now() - timedelta(minutes=minutes), running=running, paused=20,
            samples=0, cpu_sum=0, mem_sum=0, cpu_hist=[], mem_hist=[],
        )  # fmt: skip
    assert brake.limits_of(account, now()) == brake.Limits(10, 156)
    account.brake = {"per_hour": 0, "per_day": 3}
    assert brake.limits_of(account, now()) == brake.Limits(0, 3)


# What may happen in a day, in any order: a policy's act is queued, time passes, a claim, an edit that voids what waits.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("queue"), st.integers(0, 4), st.integers(1, 8)),
        st.tuples(st.just("pass"), st.integers(1, 90)),
        st.tuples(st.just("claim")),
        st.tuples(st.just("edit"), st.integers(0, 4)),
    ),
    min_size=5, max_size=40,
)  # fmt: skip


@pytest.mark.django_db
@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=WITH_FIXTURES,
)
@given(steps=STEPS)
def test_no_policies_edits_and_restarts_within_a_day_exceed_the_brake(steps, transactional_db, mailbox):
    for model in (Action, Sandbox, Policy, AccountBrake, AccountHealth, Account):
        model.objects.all().delete()
    account = records.account("prod", brake={"per_hour": 5, "per_day": 12})
    AccountHealth.objects.create(account=account)
    policies = [records.policy(f"p{n}", mode="enforce") for n in range(5)]
    at = now()
    sent: list[datetime] = []
    for step in steps:
        if step[0] == "pass":
            at += timedelta(minutes=step[1])
        elif step[0] == "edit":
            policies[step[1]].version += 1
            policies[step[1]].save()
        elif step[0] == "queue":
            for _ in range(step[2]):
                made = policies[step[1]]
                records.action(
                    records.sandbox(of=account, started_at=at), state="queued", actor_kind="policy", policy=made,
                    policy_version=made.version, next_attempt_at=at, verified_at=at,
                )  # fmt: skip
        else:
            Heartbeat.objects.update_or_create(name="api", defaults={"at": at, "up_since": at})
            for claim in claim_due(at, account):
                assert claim.action.sent_at is not None
                sent.append(claim.action.sent_at)
    for moment in sent:
        assert sum(moment - timedelta(hours=1) < one <= moment for one in sent) <= 5
        assert sum(moment - timedelta(hours=24) < one <= moment for one in sent) <= 12


async def test_two_policies_that_hit_one_sandbox_make_one_open_act(backend):
    backend.make()
    await backend.sync()
    await policy(name="a", grace_seconds=600)
    await policy(name="b", action="pause", grace_seconds=600)
    await reaper.run_all()
    await reaper.run_all()

    assert [one.actor_name async for one in Action.objects.all()] == ["a"]


async def test_small_fleet_trips_the_breaker_at_three(backend, kills):
    for _ in range(3):
        backend.make()
    await backend.sync()
    await policy()
    await act()

    assert "3 of 3 living sandboxes, more than 2" in (await Policy.objects.aget()).breaker_why
    assert kills == []


@pytest.mark.parametrize(("mode", "by_policy", "by_person"), [("none", 0, 0), ("people", 0, 1), ("policies", 1, 1)])
async def test_actions_of_an_account_say_who_may_act(backend, kills, mode, by_policy, by_person):
    mine, theirs = await backend.held(backend.make()), await backend.held(backend.make(job="old"))
    await Account.objects.aupdate(actions=mode)
    await policy(match={"metadata": {"job": "old"}})
    await act()
    assert kills.count(theirs.sandbox_id) == by_policy
    mine = await Sandbox.objects.select_related("account", "lock").aget(pk=mine.pk)
    if by_person:
        await sync_to_async(request)(mine, "kill", ANNA)
    else:
        with pytest.raises(NotAllowed):
            await sync_to_async(request)(mine, "kill", ANNA)
        bulk = await sync_to_async(request_bulk)([mine.pk], "kill", ANNA)
        assert "read-only" in bulk.refused[mine.pk]
        await sync_to_async(request)(mine, "protect", ANNA, reason="stays allowed")
    await send_due()
    assert kills.count(mine.sandbox_id) == by_person


@pytest.mark.parametrize("way", ["none", "read only"])
async def test_client_of_a_read_only_account_sends_no_changing_call(backend, settings, way):
    name = backend.make()
    account = await Account.objects.aget()
    settings.READ_ONLY = way == "read only"
    account.actions = "none" if way == "none" else "policies"
    async with client_for(account) as client:
        await client.get(name)
        for change in (
            client.kill(name), client.pause(name), client.connect(name, 60), client.set_timeout(name, 60),
            client.refresh(name, 60), client.create_webhook(name="w", url="https://x", events=[], secret="s" * 16),
            client.update_webhook("w", enabled=False), client.delete_webhook("w"),
        ):  # fmt: skip
            with pytest.raises(ChangesForbidden):
                await change
    assert backend.state(name) == "running"


async def test_act_queued_before_the_account_became_read_only_is_void(backend, kills):
    box = await backend.held(backend.make())
    await sync_to_async(request)(box, "kill", ANNA)
    await Account.objects.aupdate(actions="none")
    await send_due()

    assert ((await Action.objects.aget()).outcome, kills) == ("void: the account lets nobody act", [])


def test_accounts_added_from_now_on_start_read_only(db):
    assert Account.objects.create(name="new", url="https://API.e2b.app:443/").actions == "none"


@pytest.mark.parametrize(
    "spelling", ["https://api.e2b.app/", "https://API.E2B.app", "https://api.e2b.app:443", "HTTPS://api.e2b.app.//"]
)
def test_address_has_one_spelling_whichever_way_it_comes_in(db, spelling):
    assert Account.objects.create(name="new", url=spelling).url == "https://api.e2b.app"
    assert Account(url="http://h:80/E2b/Api/").url == "http://h:80/E2b/Api/"
