"""The events API fills what no webhook brought, and again only what is new."""

import pytest

from events import reconcile as module
from events.models import LifecycleEvent, ReconcileMark
from events.observe import sync
from events.reconcile import reconcile
from sandboxes.e2b import E2BClient
from sandboxes.models import AccountHealth, Sandbox
from tests.events.test_observe import create

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
    assert (await LifecycleEvent.objects.afirst()).reconcile_at


async def test_many_pages_are_read_and_the_next_sweep_is_cheap(watched, api, e2b):
    names = [create(api) for _ in range(130)]
    e2b.simulator.advance(200)
    assert await reconcile(watched) >= 130
    assert await Sandbox.objects.filter(sandbox_id__in=names).acount() == 130
    api.delete(f"/sandboxes/{names[0]}")
    e2b.simulator.advance(1)
    await reconcile(watched)
    assert await reconcile(watched) <= module.PAGE  # the mark has moved past the many
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
    monkeypatch.setattr("sandboxes.accounts.client_for", impatient)
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
    monkeypatch.setattr(E2BClient, "list_all", lambda client: asked.append(client) or list_all(client))
    for _ in range(2):
        create(api)
        await reconcile(watched)
    assert len(asked) == 1
