"""The live check sees what a backend does, against the simulator, and leaves nothing behind."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sandboxes.actions.live_check import LiveCheck
from sandboxes.base.pricing import PriceBook, Rate
from sandboxes.e2b import E2BClient, TooManySandboxes, Unreachable
from simulator.options import DEFAULT_API_KEY

BOOK = PriceBook([Rate(datetime(2020, 1, 1, tzinfo=UTC), Decimal("0.000014"), Decimal("0.0000045"))])


@pytest.fixture
async def client(simulator):
    async with E2BClient(simulator.url, DEFAULT_API_KEY, may_change=True) as made:
        yield made


async def both_delivered(ids):
    return ids


async def nothing_delivered(_):
    return []


def alive(simulator):
    return list(simulator.simulator.fleet)


async def test_every_step_is_as_the_api_says_and_nothing_is_left(simulator, client):
    check = LiveCheck(client, "base", BOOK, both_delivered)
    steps = {step.name: step async for step in check.steps()}
    assert list(steps) == ["create", "list", "event", "webhook", "metric", "pause", "end"]
    assert {name: step.result for name, step in steps.items()} == dict.fromkeys(steps, "as told"), steps
    assert alive(simulator) == []
    assert check.cost_usd(2, 512, check.began + timedelta(seconds=120)) < Decimal("0.01")


async def test_missing_delivery_is_told_after_its_patience(simulator, client):
    waited = []

    async def pause(seconds):
        waited.append(seconds)
        await asyncio.sleep(0)

    check = LiveCheck(client, "base", BOOK, nothing_delivered, pause=pause)
    steps = {step.name: step async for step in check.steps()}
    assert steps["webhook"].result == "otherwise"
    assert sum(waited) >= 60
    assert alive(simulator) == []


async def test_caller_that_stops_early_leaves_nothing(simulator, client):
    steps = LiveCheck(client, "base", BOOK, both_delivered).steps()
    await anext(steps)
    assert len(alive(simulator)) == 2
    await steps.aclose()
    assert alive(simulator) == []


async def test_plan_that_is_full_after_one_leaves_nothing(simulator, client, monkeypatch):
    made = client.create
    calls = []

    async def once(*words, **options):
        calls.append(1)
        if len(calls) > 1:
            raise TooManySandboxes("you are at your limit")
        return await made(*words, **options)

    monkeypatch.setattr(client, "create", once)
    with pytest.raises(TooManySandboxes):
        async for _ in LiveCheck(client, "base", BOOK, both_delivered).steps():
            pass
    assert alive(simulator) == []


async def test_create_whose_answer_is_lost_leaves_nothing(simulator, client, monkeypatch):
    made = client.create

    async def lost(*words, **options):
        await made(*words, **options)
        raise Unreachable("the connection broke off", maybe_sent=True)

    monkeypatch.setattr(client, "create", lost)
    with pytest.raises(Unreachable):
        async for _ in LiveCheck(client, "base", BOOK, both_delivered).steps():
            pass
    assert alive(simulator) == []
