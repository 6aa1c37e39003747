"""The machine's clock steps back in the middle of a burst: what is told of when is E2B's word, not ours."""

import asyncio
import inspect
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async

from events.fold import Base, fold, view
from events.fold.base import moment
from events.models import Delivery, LifecycleEvent
from events.receiver import Receiver
from events.signature import sign
from sandboxes.models import Sandbox
from tests.events.conftest import SECRET
from tests.events.faults.deliveries import events, fleet

pytestmark = pytest.mark.usefixtures("mailbox")
ROOMS = ("events", "sandboxes")


class _IsADatetime(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, datetime)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """`step(timedelta(hours=-1))` moves the wall clock of our rooms; the monotonic one goes on, as in a real step."""
    moved = [timedelta(0)]
    real_time = time.time

    class Stepped(datetime, metaclass=_IsADatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + moved[0]

    for name, module in list(sys.modules.items()):
        reads_it = name.partition(".")[0] in ROOMS and getattr(module, "datetime", None) is datetime
        if reads_it and "datetime.now(" in inspect.getsource(module):
            monkeypatch.setattr(module, "datetime", Stepped)
    monkeypatch.setattr(time, "time", lambda: real_time() + moved[0].total_seconds())

    def move(by: timedelta) -> None:
        moved[0] += by

    return move


async def test_the_clock_steps_back(account: Any, step: Callable[[timedelta], None]) -> None:
    bodies = fleet("clock", 30)
    receiver = Receiver()
    await receiver.start()
    transport = httpx.ASGITransport(app=receiver)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:

        async def post(body: bytes) -> int:
            headers = {"e2b-signature": sign(SECRET, body)}
            return (await client.post("/webhooks/e2b/prod/", content=body, headers=headers)).status_code

        half = len(bodies) // 2
        answers = await asyncio.gather(*map(post, bodies[:half]))
        step(timedelta(hours=-3))
        answers += await asyncio.gather(*map(post, [*bodies[half:], *bodies[:half]]))
    await receiver.stop()
    assert set(answers) == {202}
    await sync_to_async(_check)(bodies)


def _check(bodies: list[bytes]) -> None:
    sent = events(bodies)
    arrived = LifecycleEvent.objects.order_by("id").values_list("received_at", flat=True)
    assert arrived[0] > arrived[len(sent) - 1], "the second half came at an earlier hour"
    assert sorted(LifecycleEvent.objects.values_list("event_id", flat=True)) == sorted(one.id for one in sent)
    assert not Delivery.objects.exists()
    for sandbox in Sandbox.objects.all():
        base = Base()
        for event in sent:
            if event.sandbox_id == sandbox.sandbox_id:
                fold(base, event)
        expected = view(base)
        assert (sandbox.state, sandbox.end_reason) == (expected.state, expected.end_reason)
        assert expected.ended_at is not None
        assert (sandbox.created_at, sandbox.ended_at) == (moment(expected.created_at), moment(expected.ended_at))
        assert [run.key for run in sandbox.executions.order_by("started_at")] == [run.key for run in expected.runs]
