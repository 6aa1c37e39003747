"""Polling: a frame a tick, its figures those of the backend, and a failure that changes nothing but what we say."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings

from sandboxes.core import live, locks
from sandboxes.core.accounts import client_for
from sandboxes.metrics import polling
from sandboxes.metrics.polling import Part, asking
from sandboxes.models import AccountHealth, MetricFrame, Sandbox
from simulator import Fault, ManualClock, empty
from simulator.served import served
from tests.support import records
from tests.support.ageing import cooldowns_are_over
from tests.support.watching import account_at, on_record, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox", "no_pause_between_ticks")]


@pytest.fixture
def no_pause_between_ticks(settings):
    settings.POLL_INTERVAL_SECONDS = 0.001


@pytest.fixture
def stack():
    """A served simulator with an empty fleet; its clock stands still."""
    with served(empty(), ManualClock(time.time())) as it:
        yield it


@pytest.fixture
def told(monkeypatch):
    """What is published, as (kind, body)."""
    messages = []

    async def note(kind, account, body):
        messages.append((kind, body))
        return True

    monkeypatch.setattr(live, "apublish", note)
    return messages


def three(stack, account):
    made = [stack.simulator.create() for _ in range(3)]
    stack.simulator.advance(12)
    return [on_record(account, one) for one in made]


def framed(account, *given, **options):
    """The frame of a tick, which must have one."""
    frame = run(polling.poll(account, *given, **options))
    assert frame is not None
    return frame


def test_it_works(stack, told):
    account = account_at(stack)
    kept = three(stack, account)
    frame = framed(account)
    row = MetricFrame.objects.get()
    assert row.keys == [one.pk for one in kept]
    assert row.fresh == [True] * 3
    assert set(row.ages) <= {0, 1, 2, 3, 4, 5}
    assert all(0 < cpu <= 10_000 for cpu in row.cpu)
    assert row.mem == frame.mem
    assert all(used < total for used, total in zip(row.mem, row.mem_total, strict=True))
    health = AccountHealth.objects.get(account=account)
    assert (health.reachable, health.poll_error, health.last_poll_at) == (True, "", row.at)
    assert [kind for kind, _ in told] == ["frame", "status"]
    assert told[0][1]["keys"] == row.keys
    assert told[1][1]["last_poll_at"] == row.at.timestamp()


def test_figures_are_the_backend_s_own(stack):
    account = account_at(stack)
    ids = [one.sandbox_id for one in three(stack, account)]
    frame = framed(account)

    async def ask():
        async with client_for(account) as client:
            return await client.latest_metrics(ids)

    samples = list(run(ask()).samples.values())
    assert frame.cpu == [round(sample.cpu_used_pct * 100) for sample in samples]
    assert [frame.clock_unix - age for age in frame.ages] == [sample.timestamp_unix for sample in samples]


def test_a_backend_whose_clock_is_months_off_has_samples_of_now():
    with served(empty(), ManualClock()) as stack:
        account = account_at(stack)
        three(stack, account)
        assert set(framed(account).ages) <= {0, 1, 2, 3, 4, 5}


def test_a_sample_is_fresh_once(stack):
    account = account_at(stack)
    three(stack, account)
    run(polling.poll(account))
    assert not any(framed(account).fresh)
    stack.simulator.advance(5)
    assert framed(account).fresh == [True] * 3


def test_a_second_clock_for_the_same_tick_does_nothing(stack, settings):
    account = account_at(stack)
    three(stack, account)
    run(polling.poll(account))
    settings.POLL_INTERVAL_SECONDS = 60
    assert run(polling.poll(account)) is None
    assert MetricFrame.objects.count() == 1


def test_what_leaves_the_frame_keeps_its_last_sample_on_its_row(stack):
    account = account_at(stack)
    kept = three(stack, account)
    first = framed(account)
    Sandbox.objects.filter(pk=kept[1].pk).update(state="paused")
    run(polling.poll(account))
    assert MetricFrame.objects.latest("at").keys == [kept[0].pk, kept[2].pk]
    left = Sandbox.objects.get(pk=kept[1].pk)
    assert left.cpu_pct == first.cpu[1] / 100
    assert left.mem_used == first.mem[1] * 1024
    assert left.sampled_at is not None
    assert left.sampled_at.timestamp() == first.clock_unix - first.ages[1]
    assert Sandbox.objects.get(pk=kept[0].pk).sampled_at is None


def test_after_a_resume_the_sample_from_before_is_old_news(stack):
    account = account_at(stack)
    simulated = stack.simulator.create()
    stack.simulator.advance(12)
    on_record(account, simulated)
    run(polling.poll(account))
    with stack.simulator.lock:
        stack.simulator.lifecycle.pause(stack.simulator.now(), simulated)
    stack.simulator.advance(60)
    with stack.simulator.lock:
        stack.simulator.lifecycle.resume(stack.simulator.now(), simulated, 300)
    on_record(account, simulated)
    assert framed(account).ages == [MetricFrame.NO_SAMPLE]
    stack.simulator.advance(10)
    assert framed(account).fresh == [True]


def test_a_failure_is_told_and_changes_nothing_else(stack, told):
    account = account_at(stack)
    three(stack, account)
    run(polling.poll(account))
    before = list(Sandbox.objects.order_by("pk").values())
    stack.simulator.faults.add(Fault(401, path="/sandboxes/metrics"))
    del told[:]
    assert run(polling.poll(account)) is None
    assert MetricFrame.objects.count() == 1
    assert list(Sandbox.objects.order_by("pk").values()) == before
    health = AccountHealth.objects.get(account=account)
    assert health.poll_error
    assert health.poll_failed_at is not None
    assert health.last_poll_at is not None
    assert health.poll_failed_at > health.last_poll_at
    assert [kind for kind, _ in told] == ["status"]
    stack.simulator.faults.clear()
    run(polling.poll(account))
    assert AccountHealth.objects.get(account=account).poll_error == ""


def test_a_page_that_is_not_the_api_s_means_that_it_is_not_reached(stack):
    account = account_at(stack)
    three(stack, account)
    stack.simulator.faults.add(Fault(404, path="/sandboxes/metrics", html=True))
    assert run(polling.poll(account)) is None
    assert AccountHealth.objects.get(account=account).reachable is False


def test_a_backend_that_says_when_to_come_back_is_left_alone_until_then(stack, mailbox):
    account = account_at(stack)
    three(stack, account)
    stack.simulator.faults.add(Fault(429, path="/sandboxes/metrics", retry_after="60"))
    assert run(polling.poll(account)) is None
    assert AccountHealth.objects.get(account=account).poll_error
    stack.simulator.faults.clear()
    assert run(polling.poll(account)) is None, "it said 60 s"
    assert 50_000 < mailbox.pttl(f"sandwarden:cooldown:poll:{account.pk}") <= 60_000
    assert cooldowns_are_over()
    assert framed(account).fresh == [True] * 3


def test_a_tick_during_another_is_skipped_and_counted(stack):
    account = account_at(stack)
    three(stack, account)

    async def two():
        async with locks.lock(f"poll:{account.pk}:0", 30):
            return await polling.poll(account)

    assert run(two()) is None
    assert AccountHealth.objects.get(account=account).polls_late == 1
    assert run(polling.poll(account)) is not None


def test_shards_part_the_fleet_without_rest(stack):
    account = account_at(stack)
    kept = three(stack, account)
    frames = [framed(account, shard, shards=2) for shard in (0, 1)]
    assert sorted(frames[0].keys + frames[1].keys) == [one.pk for one in kept]
    assert not set(frames[0].keys) & set(frames[1].keys)


def test_an_id_that_the_backend_calls_malformed_costs_only_its_own_sample(stack):
    account = account_at(stack)
    kept = three(stack, account)
    odd = records.sandbox("NOT-an-id-here", of=account, started_at=kept[0].started_at)
    frame = framed(account)
    assert sum(frame.fresh) == 3
    assert frame.ages[frame.keys.index(odd.pk)] == MetricFrame.NO_SAMPLE


def test_without_the_bulk_call_each_has_its_turn(stack, monkeypatch):
    monkeypatch.setattr(asking, "SINGLE_CALLS_A_TICK", 2)
    account = account_at(stack, capabilities={"bulk_metrics": False})
    keys = [one.pk for one in three(stack, account)]
    read = [_asked_in_tick(account, number) for number in range(3)]
    assert [len(samples) for samples in read] == [2, 2, 2]
    assert sorted(one for samples in read for one in samples) == sorted(
        2 * list(Sandbox.objects.filter(pk__in=keys).values_list("sandbox_id", flat=True))
    )


def _asked_in_tick(account, number):
    """The IDs with a sample in the tick of that number, whatever the time is."""
    at = datetime.fromtimestamp(number * settings.POLL_INTERVAL_SECONDS + 1e-5, UTC)
    ids = list(Sandbox.objects.order_by("pk").values_list("sandbox_id", flat=True))

    async def ask():
        async with client_for(account) as client:
            return await asking.one_by_one(client, Part(account.pk), at, ids, 10)

    return list(run(ask()).samples)


def test_a_backend_that_turns_out_to_have_no_bulk_call_is_asked_one_by_one(stack):
    account = account_at(stack)
    three(stack, account)
    stack.simulator.faults.add(Fault(404, path="/sandboxes/metrics", message="no matching operation was found"))
    assert framed(account).fresh == [True] * 3


def test_a_hole_in_our_watch_opens_the_history_again(stack):
    account = account_at(stack)
    kept = three(stack, account)
    run(polling.poll(account))
    Sandbox.objects.update(backfilled_from=kept[0].started_at)
    run(polling.poll(account))
    assert not Sandbox.objects.filter(backfilled_from=None).exists()
    frame = MetricFrame.objects.latest("at")
    MetricFrame.objects.exclude(pk=frame.pk).delete()
    MetricFrame.objects.update(at=frame.at - timedelta(minutes=3))
    run(polling.poll(account))
    assert Sandbox.objects.filter(backfilled_from=None).count() == 3


def test_one_failing_account_hinders_no_other(stack):
    broken = account_at(stack, "broken")
    sound = account_at(stack, "sound")
    three(stack, broken)
    three(stack, sound)
    broken.url = f"{stack.url}/elsewhere"
    broken.save()
    run(polling.poll_all())
    assert list(MetricFrame.objects.values_list("account__name", flat=True)) == ["sound"]
    assert AccountHealth.objects.get(account=broken).poll_error


def test_an_empty_fleet_has_empty_frames(stack):
    account = account_at(stack)
    assert framed(account).keys == []
    assert AccountHealth.objects.get(account=account).reachable is None


def test_another_worker_goes_on_where_the_first_ended(stack):
    """All that a tick needs to know is in the newest frame."""
    account = account_at(stack)
    three(stack, account)
    run(polling.poll(account))
    for other in (async_to_sync(polling.poll)(account), asyncio.run(polling.poll(account))):
        assert other is not None
        assert not any(other.fresh)
