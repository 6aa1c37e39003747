"""The events API fills what no webhook brought, and again only what is new."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from events import reconcile as module
from events import sweep
from events.models import Delivery, LifecycleEvent, ReconcileMark
from events.observe import sync
from events.reconcile import reconcile
from events.sweep import PAGE
from sandboxes.core import accounts
from sandboxes.e2b import E2BClient
from sandboxes.models import AccountHealth, Sandbox
from tests.events.test_observe import create
from tests.support.ageing import cooldowns_are_over

pytestmark = pytest.mark.usefixtures("mailbox")


async def test_it_works(watched, api, e2b):
    name = create(api)
    e2b.simulator.advance(30)
    api.delete(f"/sandboxes/{name}")
    e2b.simulator.advance(1)
    await reconcile(watched)
    sandbox = await Sandbox.objects.aget(sandbox_id=name)
    assert (sandbox.state, sandbox.end_reason) == ("ended", "request")
    kinds = {event.type.rpartition(".")[2] async for event in LifecycleEvent.objects.all()}
    assert kinds == {"created", "killed"}
    event = await LifecycleEvent.objects.afirst()
    assert event is not None
    assert event.reconcile_at


async def test_many_pages_are_read_and_the_next_sweep_is_cheap(watched, api, e2b):
    names = [create(api) for _ in range(130)]
    e2b.simulator.advance(200)
    assert await reconcile(watched) >= 130
    assert await Sandbox.objects.filter(sandbox_id__in=names).acount() == 130
    api.delete(f"/sandboxes/{names[0]}")
    e2b.simulator.advance(1)
    await reconcile(watched)
    assert await reconcile(watched) <= PAGE  # the mark has moved past the many
    assert (await Sandbox.objects.aget(sandbox_id=names[0])).state == "ended"


async def test_what_the_list_showed_first_steps_back(watched, api, e2b):
    name = create(api)
    await sync(watched)
    await reconcile(watched)
    observed = await LifecycleEvent.objects.aget(source="observed")
    assert observed.superseded
    run = await (await Sandbox.objects.aget(sandbox_id=name)).executions.aget()
    assert run.execution_id


async def test_an_outage_moves_no_mark(watched, api, e2b, monkeypatch):
    from simulator import Fault
    from tests.events.test_observe import impatient

    create(api)
    await reconcile(watched)
    before = await ReconcileMark.objects.aget()
    e2b.simulator.faults.add(Fault(status=500, path="/events"))
    monkeypatch.setattr("sandboxes.core.accounts.client_for", impatient)
    await reconcile(watched)
    assert (await ReconcileMark.objects.aget()).complete_to == before.complete_to
    assert (await AccountHealth.objects.aget(account=watched)).reconcile_error


async def test_a_first_sweep_leaves_none_paused_that_died_without_an_event(watched, api, e2b):
    dead, paused, running = create(api), create(api), create(api)
    e2b.simulator.advance(30)
    for name in (dead, paused):
        api.post(f"/sandboxes/{name}/pause")
    e2b.simulator.advance(30)
    api.delete(f"/sandboxes/{dead}")
    e2b.simulator.advance(1)
    await reconcile(watched)
    states = {one.sandbox_id: one.state async for one in Sandbox.objects.all()}
    assert states == {dead: "ended", paused: "paused", running: "running"}


async def test_a_later_sweep_asks_for_no_list(watched, api, e2b, monkeypatch):
    asked = []
    list_all = E2BClient.list_all

    def noted(client):
        asked.append(client)
        return list_all(client)

    monkeypatch.setattr(E2BClient, "list_all", noted)
    for _ in range(2):
        create(api)
        await reconcile(watched)
    assert len(asked) == 1


async def test_late_event_on_a_page_that_was_fetched_is_kept(account, backend):
    backend.put("late", age=600)
    backend.tell("created", "late", before=600)
    backend.tell("updated", "other", before=1)
    await sync(account)
    await reconcile(account)
    backend.tell("killed", "late", before=150, kill_reason="admin")
    del backend.sandboxes["late"]
    await sync(account)
    await reconcile(account)

    late = await Sandbox.objects.aget(sandbox_id="late")
    assert (late.state, late.end_reason) == ("ended", "admin")
    assert 140 < (await ReconcileMark.objects.aget()).late_seconds < 160


async def test_sweep_reads_further_back_once_events_came_late(account, backend):
    """Later than the newest page reaches: a busy fleet's hundred events are seconds old."""
    backend.tell("created", "i1", before=700)
    for n in range(PAGE + 50):
        backend.tell("updated", f"busy{n}", before=1)
    await ReconcileMark.objects.acreate(account=account, complete_to=datetime.now(UTC), late_seconds=500)
    backend.tell("killed", "i1", before=600, kill_reason="admin")
    await reconcile(account)

    assert (await Sandbox.objects.aget(sandbox_id="i1")).end_reason == "admin"


async def test_lateness_is_forgotten_by_half_an_hour(account, backend, settings):
    settings.RECONCILE_INTERVAL_SECONDS = 1800
    backend.tell("created", "i1", before=10)
    await ReconcileMark.objects.acreate(account=account, complete_to=datetime.now(UTC), late_seconds=3600)
    await reconcile(account)
    await reconcile(account)
    assert (await ReconcileMark.objects.aget()).late_seconds == pytest.approx(1800)
    backend.tell("updated", "i1", before=3000)
    await reconcile(account)
    assert (await ReconcileMark.objects.aget()).late_seconds == pytest.approx(2990, abs=10)


@pytest.mark.parametrize(("cap", "calls"), [(5, 130), (10, 66), (50, 21)])
async def test_calls_of_a_sweep_are_bounded_by_what_its_pages_bring(account, backend, cap, calls):
    backend.page_cap = cap
    for n in range(500):
        backend.tell("created", f"i{n}", before=1000 + n)
    await reconcile(account)

    assert await LifecycleEvent.objects.acount() == 500
    assert backend.asked("GET", "/events/sandboxes") <= calls


async def test_pages_of_different_sizes_leave_no_event_out(account, backend, monkeypatch):
    """Pages are read side by side at offsets that take all of them to be as long as the one before."""
    whole = E2BClient.whole_events

    async def shortened(client, *, offset, limit):
        return (await whole(client, offset=offset, limit=limit))[: 100 if offset % 4 == 0 else 40]

    monkeypatch.setattr(E2BClient, "whole_events", shortened)
    for n in range(700):
        backend.tell("created", f"i{n}", before=1000 + n)
    await reconcile(account)

    assert await LifecycleEvent.objects.acount() == 700
    assert backend.asked("GET", "/events/sandboxes") < 30


async def test_sweep_reads_on_at_once_after_a_page_without_anything_new(account, backend):
    for n in range(1000):
        backend.tell("created", f"i{n}", before=1000 + n)
    async with accounts.client_for(account) as client:
        reading = sweep.Sweep(account, client)
        await reading.first_page()
        assert await reading.back_to(datetime.now(UTC) - timedelta(days=1))

    assert reading.new == await LifecycleEvent.objects.acount() == 1000
    assert backend.asked("GET", "/events/sandboxes") == 3 + 2 * sweep.PAGES_AT_ONCE


@pytest.mark.parametrize("cap", [1, 7, 40])
async def test_size_of_a_page_is_not_taken_for_its_end(account, backend, cap):
    backend.page_cap = cap
    for n in range(45):
        backend.tell("created", f"i{n}", before=1000 + n)
    await reconcile(account)

    assert await LifecycleEvent.objects.acount() == 45
    assert not (await AccountHealth.objects.aget()).reconcile_error


async def test_events_api_that_ignores_the_offset_is_named_and_asked_for_one_page(account, backend):
    backend.ignores_offset = True
    for n in range(150):
        backend.tell("updated", "i1", before=5 + n / 1000)
    await reconcile(account)
    first = backend.asked("GET", "/events/sandboxes")
    for _ in range(5):
        await reconcile(account)

    assert first <= 8
    assert backend.asked("GET", "/events/sandboxes") == first + 5
    assert await LifecycleEvent.objects.acount() == 100
    backend.tell("killed", "i1", kill_reason="request")
    await reconcile(account)
    assert (await Sandbox.objects.aget(sandbox_id="i1")).end_reason == "request"


async def test_error_about_an_ignored_offset_stays_while_one_page_is_read(account, backend):
    backend.ignores_offset = True
    for n in range(150):
        backend.tell("updated", "i1", before=5 + n / 1000)
    for _ in range(2):
        await reconcile(account)
        assert "only its newest page" in (await AccountHealth.objects.aget()).reconcile_error


async def test_sweep_out_of_its_budget_goes_on_where_it_was(account, backend, monkeypatch):
    monkeypatch.setattr(sweep, "MOST_CALLS", 6)
    for n in range(1500):
        backend.tell("created", f"i{n}", before=1000 + n)
    rounds = 0
    while (await LifecycleEvent.objects.acount()) < 1510 and rounds < 20:
        await reconcile(account)
        backend.tell("updated", f"new{rounds}", before=0)
        rounds += 1
    await reconcile(account)
    mark = await ReconcileMark.objects.aget()

    assert await LifecycleEvent.objects.acount() == 1500 + rounds
    assert (mark.backlog_offset, mark.complete_to is not None) == (None, True)
    calls = len(backend.calls)
    await reconcile(account)
    assert len(backend.calls) == calls + 1


async def test_event_that_cannot_be_read_is_parked_once(account, backend):
    backend.tell("created", "i1", before=5)["sandboxId"] = 17
    for _ in range(3):
        await reconcile(account)

    assert await Delivery.objects.filter(state="parked").acount() == 1


async def test_backend_without_events_is_asked_now_and_then(account, backend):
    for _ in range(3):
        await module.reconcile_all()
    assert backend.asked("GET", "/events/sandboxes") == 1
    await sync_to_async(cooldowns_are_over)()
    backend.tell("created", "i1", before=5)
    await module.reconcile_all()

    assert (await Sandbox.objects.aget()).sandbox_id == "i1"
    assert not (await AccountHealth.objects.aget()).reconcile_error
