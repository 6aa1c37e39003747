"""A burst: many connections that send signed deliveries until each was answered 202, and count every other answer."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from events.signature import sign
from tests.events.conftest import SECRET

LINES = (
    "POST /webhooks/e2b/prod/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "e2b-signature: {signature}\r\nContent-Length: {length}\r\n\r\n"
)
BROKEN = (OSError, EOFError, asyncio.IncompleteReadError)


def request(body: bytes, signature: str | None = None) -> bytes:
    """The bytes of one delivery, signed with the account's secret unless told otherwise."""
    return LINES.format(signature=signature or sign(SECRET, body), length=len(body)).encode() + body


async def answer(reader: asyncio.StreamReader) -> int:
    """The status of the next answer; its body is read too. Raises one of BROKEN when the line ends before."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(line.partition(b":")[2] for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length))
    return int(head.split(b" ", 2)[1])


async def send_one(port: int, body: bytes, signature: str | None = None) -> int:
    """One delivery on a connection of its own; the answer's status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request(body, signature))
        return await answer(reader)
    finally:
        writer.close()


class Burst:
    """Sends `bodies` to the `ports` by turns. A delivery that was answered 202 is never sent again."""

    def __init__(self, bodies: Sequence[bytes], ports: Sequence[int], connections: int = 32) -> None:
        self.ports, self.connections = list(ports), connections
        self.others: Counter[str] = Counter()
        self.answered = 0
        self._left: asyncio.Queue[bytes] = asyncio.Queue()
        for body in bodies:
            self._left.put_nowait(request(body))
        self._marks: list[tuple[int, asyncio.Event]] = []
        self._refused = asyncio.Event()
        self._all = len(bodies)

    async def run(self) -> None:
        """Until all are answered 202."""
        senders = [asyncio.create_task(self._sender(number)) for number in range(self.connections)]
        await self.reached(1)
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)

    async def reached(self, share: float) -> None:
        """Returns once that share of the deliveries was answered 202."""
        mark = asyncio.Event()
        self._marks.append((int(self._all * share), mark))
        self._look_at_marks()
        await mark.wait()

    async def refused(self) -> None:
        """Returns once one was answered otherwise, or its connection broke."""
        await self._refused.wait()

    async def _sender(self, turn: int) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[turn % len(self.ports)])
            except OSError as error:
                self._other(type(error).__name__)
            else:
                await self._talk(reader, writer)
            turn += 1

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the line breaks."""
        try:
            while True:
                await self._deliver(reader, writer, await self._left.get())
        except BROKEN as error:
            self._other(type(error).__name__)
        finally:
            writer.close()

    async def _deliver(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delivery: bytes) -> None:
        status = 0
        try:
            writer.write(delivery)
            status = await answer(reader)
        finally:
            if status != 202:
                self._left.put_nowait(delivery)
        if status == 202:
            self.answered += 1
            self._look_at_marks()
        else:
            self._other(str(status))

    def _other(self, what: str) -> None:
        self.others[what] += 1
        self._refused.set()

    def _look_at_marks(self) -> None:
        for count, mark in self._marks:
            if self.answered >= count:
                mark.set()
