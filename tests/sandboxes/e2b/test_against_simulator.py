"""The client against the simulated E2B: every call, on a fleet that lives and has a past."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandboxes.e2b import (
    Capabilities,
    Conflict,
    E2BClient,
    NotFound,
    RateLimited,
    Timing,
    TooManySandboxes,
    Unauthorized,
    is_plausible,
    probe,
)
from simulator import app
from simulator.clock import ManualClock
from simulator.faults import Fault
from simulator.options import DEFAULT_API_KEY, Options, empty

AWKWARD = {"k y": "v/1&x=%2F", "ключ+": "a;b?c#d,e"}


class Stage:
    """A simulator on a driven clock and clients of it, whose sleeps move that clock."""

    def __init__(self, options: Options) -> None:
        self.clock = ManualClock()
        self.app = app.create(options, self.clock)
        self.simulator = self.app.simulator

    async def _sleep(self, seconds: float) -> None:
        self.simulator.advance(seconds)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def client(self, key: str = DEFAULT_API_KEY) -> E2BClient:
        timing = Timing(self.now, self.clock.now, self._sleep)
        url = f"http://simulator.test{self.simulator.options.base_path}"
        return E2BClient(url, key, transport=httpx.ASGITransport(app=self.app), timing=timing)


@pytest.fixture
def stage() -> Stage:
    return Stage(empty(base_path="/e2b/api"))


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[E2BClient]:
    async with stage.client() as made:
        yield made


async def test_it_works(stage, client):
    made = stage.simulator.create(timeout=600, metadata={"userId": "u1"})

    (listed,) = (await client.list_all()).items

    assert (listed.sandbox_id, listed.state, listed.metadata) == (made.id, "running", {"userId": "u1"})
    assert listed.end_at == stage.now() + timedelta(seconds=600)


async def test_a_big_fleet_with_a_past_is_read_whole():
    stage = Stage(Options(sandboxes=1000, births_per_minute=0, past_hours=1))
    async with stage.client() as client:
        inventory = await client.list_all()
        running = [item.sandbox_id for item in inventory.items if item.state == "running"]
        metrics = await client.latest_metrics(running)

    assert {item.sandbox_id for item in inventory.items} == {sandbox.id for sandbox in stage.simulator.fleet}
    assert inventory.complete
    assert inventory.total_running == len(running)
    assert inventory.pages >= 10
    assert set(metrics.samples) <= set(running)
    assert len(metrics.samples) > 0.9 * len(running)
    assert all(is_plausible(sample) for sample in metrics.samples.values())
    assert metrics.calls == -(-len(running) // 100)


async def test_awkward_metadata_finds_its_sandbox(stage, client):
    made = stage.simulator.create(metadata=AWKWARD)
    stage.simulator.create(metadata={"k y": "other"})

    page = await client.list_page(metadata=AWKWARD)

    assert [item.sandbox_id for item in page.items] == [made.id]


async def test_a_sandbox_lives_and_dies_by_our_calls(stage, client):
    sandbox_id = stage.simulator.create(timeout=300).id

    await client.set_timeout(sandbox_id, 60)
    assert (await client.get(sandbox_id)).end_at == stage.now() + timedelta(seconds=60)
    await client.refresh(sandbox_id, 600)
    assert (await client.get(sandbox_id)).end_at == stage.now() + timedelta(seconds=600)
    assert (await client.pause(sandbox_id)).status == 204
    with pytest.raises(Conflict):
        await client.pause(sandbox_id)
    assert (await client.get(sandbox_id)).state == "paused"
    assert (await client.connect(sandbox_id, 60)).status == 201
    assert (await client.connect(sandbox_id, 60)).status == 200
    assert not (await client.kill(sandbox_id)).was_gone
    assert (await client.kill(sandbox_id)).was_gone
    with pytest.raises(NotFound):
        await client.get(sandbox_id)

    types = [event.type.rpartition(".")[2] for event in await client.events(order_asc=True)]
    assert types == ["created", "updated", "updated", "paused", "resumed", "updated", "killed"]


async def test_one_malformed_id_does_not_cost_the_others_their_metrics(stage, client):
    ids = [stage.simulator.create().id for _ in range(120)]
    stage.simulator.advance(30)

    read = await client.latest_metrics([*ids[:60], "NOT-AN_ID", *ids[60:]])

    assert read.refused_ids == ("NOT-AN_ID",)
    assert set(read.samples) == set(ids)


async def test_history_and_single_readings(stage, client):
    sandbox_id = stage.simulator.create(timeout=3600).id
    stage.simulator.advance(600)

    history = await client.metrics_history(sandbox_id, stage.now() - timedelta(minutes=5), stage.now())
    one_by_one = await client.metrics_one_by_one([sandbox_id], max_calls=10)

    times = [sample.timestamp_unix for sample in history]
    assert len(times) > 50
    assert times == sorted(times)
    assert one_by_one.samples[sandbox_id].timestamp_unix == times[-1]


async def test_events_of_one_sandbox_and_of_some_types(stage, client):
    first, second = stage.simulator.create().id, stage.simulator.create().id
    await client.kill(first)

    assert {event.sandbox_id for event in await client.events(sandbox_id=second)} == {second}
    (killed,) = await client.events(types=["sandbox.lifecycle.killed"])
    assert killed.sandbox_id == first
    assert killed.event_data is not None
    assert killed.event_data["kill_reason"] == "request"


async def test_a_webhook_from_first_to_last(stage, client):
    types = ["sandbox.lifecycle.created"]
    webhook = await client.create_webhook(name="ours", url="http://us.test/hook", events=types, secret="s3cret-s3cret")

    assert (await client.get_webhook(webhook.id)).events == tuple(types)
    changed = await client.update_webhook(webhook.id, enabled=False, events=["sandbox.lifecycle.killed"])
    assert (changed.enabled, changed.events) == (False, ("sandbox.lifecycle.killed",))
    assert [one.id for one in await client.webhooks()] == [webhook.id]
    assert (await client.deliveries(webhook.id, start=stage.now() - timedelta(hours=1), end=stage.now())).data == ()
    assert (await client.delivery_stats(webhook.id)).total == 0
    await client.delete_webhook(webhook.id)
    with pytest.raises(NotFound):
        await client.get_webhook(webhook.id)


async def test_logs_and_templates(stage, client):
    sandbox_id = stage.simulator.create(timeout=3600).id
    stage.simulator.advance(600)

    assert await client.logs(sandbox_id, limit=5)
    assert "base" in {name for template in await client.templates() for name in template.names}


async def test_a_rate_limit_is_waited_out_and_later_calls_wait_before_they_are_refused():
    stage = Stage(empty(rate_limit=3, rate_window_seconds=2))
    async with stage.client() as client:
        before = stage.clock.now()
        for _ in range(5):
            await client.list_page()
        waited = stage.clock.now() - before

    assert 0 < waited <= 2


async def test_a_rate_limit_beyond_the_deadline_is_told():
    stage = Stage(empty(rate_limit=1, rate_window_seconds=300))
    async with stage.client() as client:
        await client.list_page()
        with pytest.raises(RateLimited):
            await client.list_page()


async def test_the_plans_limit_is_not_taken_for_a_rate_limit():
    stage = Stage(empty(cap=1))
    paused = stage.simulator.create()
    async with stage.client() as client:
        await client.pause(paused.id)
        stage.simulator.create()
        with pytest.raises(TooManySandboxes):
            await client.connect(paused.id, 60)


async def test_a_passing_failure_is_not_seen(stage, client):
    stage.simulator.faults.add(Fault(503, times=2, retry_after="1"))

    assert (await client.list_page()).items == []


async def test_a_wrong_key(stage):
    async with stage.client("e2b_" + "f" * 40) as client:
        with pytest.raises(Unauthorized, match="API key"):
            await client.list_all()


async def test_the_simulator_lacks_nothing(stage, client):
    await client.pause(stage.simulator.create().id)
    stage.simulator.create(timeout=3600)

    assert await probe(client) == Capabilities(**dict.fromkeys(Capabilities().to_dict(), True))
