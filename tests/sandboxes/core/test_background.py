"""Tasks that live as long as the process survive what nobody expects, and say so."""

import asyncio
from datetime import UTC, datetime

import pytest
from django.test import Client

from sandboxes.core import background
from sandboxes.core.background import Background
from tests.support.background_tasks import SECONDS, Once, happened, of, until


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)


async def test_failing_task_is_started_again_and_told(caplog):
    work, tasks = Once(), Background()

    async def forever():
        work()
        await asyncio.Event().wait()

    tasks.start("tidy", forever)
    await happened(work.again)
    state = of("tidy")
    assert (state.running, state.restarts, state.error_type) == (True, 1, "ZeroDivisionError")
    assert state.last_error == "ZeroDivisionError: •••"
    assert state.failed_at
    assert "background task tidy failed" in caplog.text
    assert "Traceback" in caplog.text
    await tasks.stop()
    assert background.states() == []


async def test_task_that_returns_is_started_again():
    returned, tasks = Once(), Background()
    returned.calls = 1  # it never raises

    async def short():
        returned()

    tasks.start("short", short)
    await until(lambda: returned.calls > 2)
    assert of("short").error_type == "EndedByItself"
    await tasks.stop()


async def test_task_whose_work_was_cancelled_from_within_is_started_again():
    again, tasks = Once(), Background()
    again.calls = 1  # it never raises

    async def waits():
        again()
        if again.calls == 2:
            given_up = asyncio.get_running_loop().create_future()
            given_up.cancel()
            await given_up
        await asyncio.Event().wait()

    tasks.start("waits", waits)
    await until(lambda: again.calls == 3)
    state = of("waits")
    assert (state.running, state.restarts, state.error_type) == (True, 1, "CancelledWithin")
    await tasks.stop()


async def test_task_that_swallows_a_cancellation_is_stopped_all_the_same():
    swallowed, tasks = [], Background()

    async def stubborn():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.append(True)
        await asyncio.Event().wait()

    tasks.start("stubborn", stubborn)
    await asyncio.sleep(0)
    async with asyncio.timeout(SECONDS):
        await tasks.stop()
    assert swallowed == [True]


async def test_pauses_grow(monkeypatch):
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 1.0)
    pauses, tasks = [], Background()

    async def fails():
        raise ZeroDivisionError

    async def noted(_, seconds):
        _.close()
        pauses.append(seconds)
        if len(pauses) >= 7:
            await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "wait_for", noted)
    tasks.start("fails", fails)
    await until(lambda: len(pauses) >= 7)
    await tasks.stop()
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.django_db
def test_readyz_names_the_type_of_the_last_error_alone(monkeypatch):
    state = background.State("tidy", False, 3, "ValueError: of /private/path", "ValueError", datetime.now(UTC))
    monkeypatch.setattr(background, "registry", {"tidy": state})
    (shown,) = Client().get("/readyz").json()["background"]
    assert (shown["name"], shown["running"], shown["restarts"], shown["last_error"]) == ("tidy", False, 3, "ValueError")
    assert "private" not in str(shown)
