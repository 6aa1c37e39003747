"""Waiting until a process does what it is there for."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from runner.embedded import StartError
from runner.supervisor.child import Child

Check = Callable[[], Awaitable[bool]]
START_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.02


async def until(child: Child, is_ready: Check) -> None:
    """Returns once it is ready. Raises StartError when it ends before, or takes over a minute."""
    deadline = time.monotonic() + START_SECONDS
    while not await is_ready():
        if child.process is None or child.process.returncode is not None:
            raise StartError(f"{child.part.name} did not start: its lines above say why")
        if time.monotonic() > deadline:
            raise StartError(
                f"{child.part.name} did not answer within {START_SECONDS:.0f} s: its lines above may say why"
            )
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def web_answers(host: str, port: int) -> bool:
    """Whether GET /healthz is answered. A 400 will do: ALLOWED_HOSTS need not name the address we ask by."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host.strip("[]"), port)
            writer.write(f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            status = (await reader.readline()).split(b" ")[1:2]
            writer.close()
    except (OSError, TimeoutError):
        return False
    return status in ([b"200"], [b"400"])
