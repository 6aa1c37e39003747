"""Asyncio tasks that live as long as their process: whatever one raises is logged, and it is restarted.

Each process shows its own on `/readyz` and on the settings page of the server.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from sandboxes.core.deadline import not_cancelled_within
from sandboxes.core.round_errors import text_of

FIRST_PAUSE_SECONDS: float = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0  # up for so long, it is forgiven its earlier failures
CANCEL_AGAIN_SECONDS: Final = 0.2
log = logging.getLogger(__name__)


@dataclass
class State:
    """How a task is: `restarts` since the process began, and the last error with its type."""

    name: str
    running: bool = False
    restarts: int = 0
    last_error: str = ""
    error_type: str = ""
    failed_at: datetime | None = None


class EndedByItself(Exception):
    """A task that should live as long as the process has returned."""


@dataclass
class Background:
    """The tasks of one owner (the hub, the inbox …); everything runs on the event loop that `start` is called on."""

    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Runs `work` until `stop` or `finish`, again after 1, 2, 4 … 30 s whenever it raises or returns."""
        state = registry[name] = State(name)
        self._tasks[name] = asyncio.create_task(self._keep(state, work), name=name)

    async def stop(self) -> None:
        """Cancels all, again and again: what they wait for may swallow it (redis-py does)."""
        self._stopping.set()
        left = set(self._tasks.values())
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS)
        await self._ended()

    async def finish(self) -> None:
        """Waits until all have returned, which they do when their owner tells them to."""
        self._stopping.set()
        await self._ended()

    async def _ended(self) -> None:
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for name in self._tasks:
            registry.pop(name, None)
        self._tasks.clear()
        self._stopping.clear()

    async def _keep(self, state: State, work: Callable[[], Awaitable[None]]) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                state.running = True
                await self._run(work)
            except Exception as error:
                _note(state, error)
                pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
                log.exception("background task %s failed, it is started again in %.0f s", state.name, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        await not_cancelled_within(work())
        if not self._stopping.is_set():
            raise EndedByItself("it ended without being asked to")


def states() -> list[State]:
    """How this process's tasks are, by name."""
    return sorted(registry.values(), key=lambda state: state.name)


def _note(state: State, error: Exception) -> None:
    state.running = False
    state.restarts += 1
    state.last_error, state.error_type, state.failed_at = text_of(error), type(error).__name__, datetime.now(UTC)


registry: dict[str, State] = {}
