"""A simulator served on a free loopback port from a thread, for tests and benchmarks."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from simulator.app import create
from simulator.clock import Clock
from simulator.options import Options
from simulator.world import Simulator

_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running simulator: where it listens, with its base path, and the world behind it."""

    url: str
    simulator: Simulator


class Prompt(uvicorn.Server):
    """Stops when it is told to, from any thread: uvicorn alone looks ten times a second, and tests start hundreds."""

    _told: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def main_loop(self) -> None:
        self._told = asyncio.get_running_loop(), asyncio.Event()
        ends = {asyncio.create_task(super().main_loop()), asyncio.create_task(self._told[1].wait())}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()

    def stop(self) -> None:
        """Asks it to end; it takes what is on its way with it."""
        self.should_exit = True
        if self._told is not None:
            loop, told = self._told
            loop.call_soon_threadsafe(told.set)


@contextmanager
def served(options: Options | None = None, clock: Clock | None = None) -> Iterator[Served]:
    """Serve a new simulator while the block lasts. From the test's thread, change its world only through
    `advance`, `create`, `faults`, or while holding `simulator.lock`."""
    app = create(options, clock)
    listener = socket.create_server(("127.0.0.1", 0))
    server = Prompt(config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True)
    thread.start()
    try:
        # Connections wait in the listener's backlog until the server takes them, so it can be asked at once.
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}{app.simulator.options.base_path}", app.simulator)
    finally:
        server.stop()
        thread.join(_STOP_SECONDS)
        listener.close()


def config(app: object) -> uvicorn.Config:
    """How the simulator is served: its own `Date` header, no log line per request. Logging is its process's affair."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=3,
    )
