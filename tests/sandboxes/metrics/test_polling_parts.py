"""A fleet polled in parts: by whoever is free, whatever their number is now, and each sample counts once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from sandboxes import tasks
from sandboxes.core import locks
from sandboxes.fleet import figures as fleet
from sandboxes.metrics import polling
from sandboxes.metrics.polling import Part, asking, parts
from sandboxes.metrics.series import frame_store, minutes, rollup_samples
from sandboxes.metrics.series.frame import Frame, Sample
from sandboxes.metrics.series.layouts import Place, current
from sandboxes.models import AccountHealth, FleetMinute, MetricFrame, MetricSeries, Sandbox
from simulator import Fault
from tests.sandboxes.metrics.test_polling import no_pause_between_ticks, stack  # noqa: F401 - fixtures
from tests.support import records
from tests.support.records import NOW, Reading
from tests.support.watching import account_at, on_record, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox", "no_pause_between_ticks")]


def seven(stack, account):  # noqa: F811
    made = [stack.simulator.create() for _ in range(7)]
    stack.simulator.advance(12)
    return [on_record(account, one) for one in made]


def fresh_samples() -> Counter[tuple[int, int]]:
    """How often each sample, by key and its Unix second, was taken for a new one."""
    return Counter(
        (key, frame.clock_unix - age)
        for frame in MetricFrame.objects.all()
        for key, age, is_new in zip(frame.keys, frame.ages, frame.fresh, strict=True)
        if is_new
    )


def test_a_part_is_of_a_bounded_size_and_there_are_not_too_many():
    assert [parts.shards_for(running) for running in (0, 1, 2500, 2501, 10_000)] == [1, 1, 1, 2, 4]
    assert parts.shards_for(10**7) == parts.MOST


def test_every_part_is_handed_out_and_they_begin_one_after_another(stack, settings, monkeypatch):  # noqa: F811
    settings.POLL_INTERVAL_SECONDS = 5
    monkeypatch.setattr(parts, "OF_SIZE", 3)
    account, sent = account_at(stack), []
    seven(stack, account)
    records.account("asleep", enabled=False)
    monkeypatch.setattr(tasks.poll_part, "apply_async", lambda args, **how: sent.append((args, how)))
    tasks.poll()
    assert [args for args, _ in sent] == [(account.pk, shard, 3) for shard in range(3)]
    delays = [how["countdown"] for _, how in sent]
    assert delays[0] == 0
    assert all(before < after < 2.5 for before, after in pairwise(delays))
    assert {how["expires"] for _, how in sent} == {5}


def test_all_parts_of_an_account_share_one_budget(settings):
    settings.POLL_INTERVAL_SECONDS = 5
    for shards in (1, 4, 32):
        calls = shards * asking.calls_for(Part(1, 0, shards)) * 30 / 5
        assert 0 < calls <= 20_000


def test_a_fleet_beyond_the_budget_is_asked_in_turn(settings):
    settings.POLL_INTERVAL_SECONDS = 5
    ids = [f"i{number}" for number in range(10)]
    ticks = [asking.in_turn(ids, NOW + timedelta(seconds=5 * tick), 4) for tick in range(5)]
    assert {len(asked) for asked in ticks} == {4}
    assert Counter(one for asked in ticks for one in asked) == Counter(2 * ids)


@pytest.mark.parametrize("numbers", [(1, 2, 2, 3, 1, 1), (3, 1, 4, 2), (2, 1, 2, 1)])
def test_a_changing_number_of_parts_loses_no_sample_and_doubles_none(stack, numbers):  # noqa: F811
    records.price()
    account = account_at(stack)
    kept = seven(stack, account)
    for tick, shards in enumerate(numbers):
        if tick % 2 == 0:
            stack.simulator.advance(5)
        for shard in range(shards):
            assert run(polling.poll(account, shard, shards)) is not None
        frames = fleet.latest_frames([account.pk])
        assert sorted(key for frame in frames for key in frame.keys) == [one.pk for one in kept]
    told = fresh_samples()
    assert len(told) == 7 * len([tick for tick in range(len(numbers)) if tick % 2 == 0])
    assert set(told.values()) == {1}
    later = datetime.now(UTC) + timedelta(minutes=3)
    minutes.roll_up(later)
    rollup_samples.compact_frames(later)
    assert sum(FleetMinute.objects.values_list("samples", flat=True)) == len(told)
    assert sum(len(row.offsets) for row in MetricSeries.objects.all()) == len(told)


def test_what_leaves_while_the_number_changes_keeps_its_last_sample(stack):  # noqa: F811
    account = account_at(stack)
    kept = seven(stack, account)
    run(polling.poll(account))
    Sandbox.objects.filter(pk=kept[3].pk).update(state="paused")
    for shard in range(3):
        run(polling.poll(account, shard, 3))
    assert Sandbox.objects.get(pk=kept[3].pk).sampled_at is not None
    assert Sandbox.objects.exclude(pk=kept[3].pk).filter(sampled_at__isnull=False).count() == 0


def test_two_workers_that_cross_in_different_layouts_count_a_sample_once():
    """The turn of one ran out, or Redis forgot it: the record itself has the last word."""
    account = records.account().pk
    one, half = Part(account), Part(account, 0, 2)
    early, late = NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)
    befores = frame_store.before(one, early), frame_store.before(half, late)
    for part, at, before in ((one, early, befores[0]), (half, late, befores[1])):
        frame = Frame(int(NOW.timestamp()))
        for key in (2, 4):
            frame.append(key, Sample(int(NOW.timestamp()) - 1, 100, 1, 2, 0, 0), is_new=True)
        kept = frame_store.write(part, at, frame, before)
    assert kept.fresh == [False, False]
    assert set(fresh_samples().values()) == {1}


def test_parts_that_tick_together_do_not_look_at_each_other():
    account = records.account().pk
    first, second = Part(account, 0, 2), Part(account, 1, 2)
    before = frame_store.before(second, NOW)
    frame_store.write(first, NOW, Frame(0), frame_store.before(first, NOW))
    assert frame_store._written_since(second, NOW, before) == ()


def test_what_a_process_remembers_of_a_part_gives_way_to_what_another_wrote(stack):  # noqa: F811
    account = account_at(stack)
    seven(stack, account)
    run(polling.poll(account))
    ours = {part: frame_store._written.get(part) for part in frame_store._written.keys()}  # noqa: SIM118 - no dict
    stack.simulator.advance(5)
    run(polling.poll(account))
    for part, written in ours.items():
        assert written is not None
        frame_store._written.set(part, written)  # as in a worker that had the first of the two ticks
    newest = MetricFrame.objects.latest("at")
    known = frame_store.before(Part(account.pk), datetime.now(UTC)).seen
    assert {sample.unix for sample in known.values()} == {newest.clock_unix - age for age in newest.ages}


def test_a_dead_worker_s_part_is_free_again_within_two_ticks(stack, mailbox, settings):  # noqa: F811
    settings.POLL_INTERVAL_SECONDS = 5
    account = account_at(stack)
    seven(stack, account)

    async def dies():
        async with locks.lock(f"poll:{account.pk}:1", polling.tick._lock_seconds()):
            assert 0 < mailbox.pttl(f"sandwarden:lock:poll:{account.pk}:1") <= 10_000
            assert await polling.poll(account, 1, 2) is None
            assert await polling.poll(account, 0, 2) is not None, "the other part goes on"

    run(dies())
    assert AccountHealth.objects.get(account=account).polls_late == 1
    assert run(polling.poll(account, 1, 2)) is not None


def test_the_account_is_as_old_as_its_oldest_part_and_one_part_s_error_stands(stack):  # noqa: F811
    account = account_at(stack)
    seven(stack, account)
    run(polling.poll(account, 0, 2))
    assert AccountHealth.objects.get(account=account).last_poll_at is None, "half of it was never read"
    run(polling.poll(account, 1, 2))
    first = MetricFrame.objects.get(shard=0).at
    assert AccountHealth.objects.get(account=account).last_poll_at == first
    stack.simulator.faults.add(Fault(401, path="/sandboxes/metrics"))
    run(polling.poll(account, 1, 2))
    stack.simulator.faults.clear()
    run(polling.poll(account, 0, 2))
    health = AccountHealth.objects.get(account=account)
    assert health.poll_error.startswith("part 2 of 2: ")
    assert health.last_poll_at == MetricFrame.objects.get(shard=1).at
    run(polling.poll(account, 1, 2))
    assert AccountHealth.objects.get(account=account).poll_error == ""


def test_a_layout_shows_when_all_of_it_is_there():
    def place(pk: int, seconds: int, shard: int, shards: int) -> Place:
        return Place(pk, NOW + timedelta(seconds=seconds), shard, shards)

    whole, half, other = place(1, 0, 0, 1), place(2, 5, 0, 2), place(3, 6, 1, 2)
    assert current([whole, half]) == [whole]
    assert current([whole, half, other]) == [half, other]
    assert current([half]) == [half]
    assert current([half, other, place(4, 10, 0, 1)]) == [place(4, 10, 0, 1)]
    assert current([]) == []


def test_a_search_by_cpu_meets_each_sandbox_once_while_the_number_changes():
    from sandboxes.fleet.search import SandboxQuery, search

    one, two = records.sandbox("a"), records.sandbox("b")
    records.frame({one.pk: Reading(90.0), two.pk: Reading(80.0)}, at=NOW - timedelta(seconds=10))
    records.frame({one.pk: Reading(10.0)}, at=NOW - timedelta(seconds=5), shards=2)
    query = SandboxQuery(order="-cpu_pct")
    assert [row.cpu_pct for row in search(query, limit=9, cursor=None, now=NOW).items] == [90.0, 80.0]
    records.frame({two.pk: Reading(20.0)}, at=NOW - timedelta(seconds=4), shard=1, shards=2)
    assert [row.cpu_pct for row in search(query, limit=9, cursor=None, now=NOW).items] == [20.0, 10.0]
