"""A look at the list takes in what differs; only a 404 from GET ends a sandbox; a failed look ends nobody."""

import pytest

from events.models import LifecycleEvent
from events.observe import sync
from sandboxes.models import AccountHealth, Sandbox
from simulator import Fault

pytestmark = pytest.mark.usefixtures("mailbox")


def create(api, **body):
    """A sandbox at the backend, as its owner makes one; its ID."""
    answer = api.post("/sandboxes", json={"templateID": "base", "timeout": 600} | body)
    assert answer.status_code == 201, answer.text
    return answer.json()["sandboxID"]


async def held(name):
    return await Sandbox.objects.aget(sandbox_id=name)


async def test_it_works(watched, api):
    name = create(api, metadata={"owner": "u_1", "env": "dev"})
    assert await sync(watched) == 1
    sandbox = await held(name)
    assert (sandbox.state, sandbox.owner, sandbox.environment) == ("running", "u_1", "dev")
    assert sandbox.cpu_count
    assert sandbox.end_at
    assert sandbox.burn_usd_per_hour > 0
    health = await AccountHealth.objects.aget(account=watched)
    assert health.reachable
    assert health.last_sync_at
    assert (await LifecycleEvent.objects.aget()).source == "observed"


async def test_an_unchanged_fleet_is_not_written_again(watched, api):
    create(api)
    await sync(watched)
    assert await sync(watched) == 0
    assert await LifecycleEvent.objects.acount() == 1


async def test_pause_resume_and_a_moved_end_are_seen(watched, api, e2b):
    name = create(api)
    await sync(watched)
    api.post(f"/sandboxes/{name}/timeout", json={"timeout": 1200})
    e2b.simulator.advance(30)
    await sync(watched)
    moved = await held(name)
    e2b.simulator.advance(60)
    assert api.post(f"/sandboxes/{name}/pause", json={}).status_code == 204
    e2b.simulator.advance(60)
    await sync(watched)
    paused = await held(name)
    assert (paused.state, paused.end_at) == ("paused", None)
    e2b.simulator.advance(120)
    assert api.post(f"/sandboxes/{name}/connect", json={"timeout": 300}).status_code == 201
    e2b.simulator.advance(1)
    await sync(watched)
    again = await held(name)
    assert again.state == "running"
    assert again.started_at > moved.started_at
    assert await again.executions.acount() == 2


async def test_the_kill_of_a_paused_one_which_no_event_tells(watched, api, e2b):
    name = create(api)
    await sync(watched)
    e2b.simulator.advance(60)
    api.post(f"/sandboxes/{name}/pause", json={})
    e2b.simulator.advance(60)
    await sync(watched)
    assert api.delete(f"/sandboxes/{name}").status_code == 204
    e2b.simulator.advance(1)
    await sync(watched)
    sandbox = await held(name)
    assert (sandbox.state, sandbox.end_reason) == ("ended", "vanished")


async def test_off_every_page_but_there_is_not_dead(watched, api, e2b):
    name = create(api)
    await sync(watched)
    e2b.simulator.advance(60)
    with e2b.simulator.lock:
        e2b.simulator.fleet.hidden.add(name)
    await sync(watched)
    assert (await held(name)).state == "running"


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=503), Fault(status=502, html=True)])
async def test_a_failed_look_ends_nobody_and_is_written_down(watched, api, e2b, fault, monkeypatch):
    name = create(api)
    await sync(watched)
    e2b.simulator.faults.add(fault)
    monkeypatch.setattr("sandboxes.core.accounts.client_for", impatient)
    assert await sync(watched) == 0
    assert (await held(name)).state == "running"
    health = await AccountHealth.objects.aget(account=watched)
    assert health.sync_error
    assert health.reachable is False


def impatient(account):
    """A client that gives up soon."""
    from sandboxes.e2b import E2BClient

    return E2BClient(account.url, account.api_key, deadline_seconds=0.2)


@pytest.mark.parametrize(("timeout", "dated_by"), [(60, "planned_end"), (600, None)])
async def test_end_that_nobody_told_is_dated_by_its_planned_end_where_that_had_passed(
    watched, api, e2b, timeout, dated_by
):
    name = create(api, timeout=timeout)
    await sync(watched)
    planned = (await held(name)).end_at
    e2b.simulator.advance(90)
    if dated_by is None:
        assert api.delete(f"/sandboxes/{name}").status_code == 204
    await sync(watched)
    sandbox = await held(name)
    assert (sandbox.state, sandbox.end_reason) == ("ended", "vanished")
    assert (sandbox.ended_at == planned) is (dated_by is not None)
    event = await LifecycleEvent.objects.aget(type__endswith=".killed")
    assert event.data is not None
    assert event.data.get("dated_by") == dated_by
