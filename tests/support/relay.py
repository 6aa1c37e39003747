"""A proxy in front of two servers: new connections go to the one that is named, open ones stay."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Listens on `port` of the loopback and hands connections to `to`, which may be changed at any time."""

    def __init__(self, port: int, to: int) -> None:
        self.port, self.to = port, to
        self.connections = 0

    async def serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        """Until `over`."""
        async with await asyncio.start_server(self._connected, "127.0.0.1", self.port, limit=2**20):
            ready.set()
            await over.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            theirs, ours = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pass_on(reader, ours), _pass_on(theirs, writer))


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    with suppress(OSError):
        target.close()


@contextmanager
def relayed(port: int, to: int) -> Iterator[Relay]:
    """The relay in a thread of its own, while the block runs."""
    relay, ready = Relay(port, to), threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(relay.serve(ready, over),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield relay
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
