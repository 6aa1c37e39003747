"""A browser's WebSocket as small as it can be: its load must not hide the server's. RFC 6455, RFC 7692."""

import asyncio
import base64
import os
import zlib
from collections.abc import Callable
from typing import Any

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
COMPRESSED = 0x40
TAIL = b"\x00\x00\xff\xff"


class Socket(asyncio.Protocol):
    """Opens with compression as browsers do, answers pings, hands on each text with its bytes on the wire."""

    def __init__(self, host: str, cookie: str, take: Callable[[bytes, int], None]) -> None:
        self._host, self._cookie, self._take = host, cookie, take
        self._unpack = zlib.decompressobj(-15)
        self._data = bytearray()
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws/live/ HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: http://{self._host}\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
            f"Cookie: sessionid={self._cookie}\r\n\r\n".encode()
        )

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed = True
        if not self.open.done():
            self.open.set_exception(ConnectionError("closed before it was open"))

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self.open.done():
            head, found, rest = self._data.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.open.set_exception(ConnectionError(head.split(b"\r\n")[0].decode()))
                return
            self._data = bytearray(rest)
            self.open.set_result(None)
        more = True
        while more:
            more = self._next()

    def _next(self) -> bool:
        """Takes one whole message off what came; servers of ours do not split messages."""
        data = self._data
        if len(data) < 2:
            return False
        length, start = data[1] & 127, 2
        if length > 125:
            start = 4 if length == 126 else 10
            if len(data) < start:
                return False
            length = int.from_bytes(data[2:start], "big")
        if len(data) < start + length:
            return False
        first, body = data[0], bytes(data[start : start + length])
        del data[: start + length]
        if first & 15 == TEXT:
            self._take(self._unpack.decompress(body + TAIL) if first & COMPRESSED else body, start + length)
        elif first & 15 == PING:
            self._send(PONG, body)
        elif first & 15 == CLOSE:
            self._transport.close()
        return True

    def say(self, text: bytes) -> None:
        self._send(TEXT, text)

    def _send(self, kind: int, body: bytes) -> None:
        """Masked with zeros, which leaves it as it is."""
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
        self._transport.write(bytes([0x80 | kind]) + size + bytes(4) + body)
