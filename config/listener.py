"""The public listener's own bounds: whoever has not said who they are takes little memory, and no descriptors for long.

uvicorn's httptools protocol has none for a request's head. Here a head is at most MOST_HEAD_BYTES and MOST_FIELDS, and
comes within HEAD_SECONDS. Of connections whose request is not whole at most MOST_INCOMPLETE are open, and fewer from
one foreign address: one more closes the oldest, so that there is always room for a whole request. Who takes nothing of
an answer for STALL_SECONDS is closed too: it would hold a descriptor and the answer for as long as it likes.
"""

import ipaddress
import resource
from collections import OrderedDict, defaultdict
from typing import Any, Final

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES: Final = 64 * 1024
MOST_FIELDS: Final = 100
HEAD_SECONDS: Final = 10.0
STALL_SECONDS: Final = 60.0
MOST_INCOMPLETE: Final = 512
MOST_OF_AN_ADDRESS: Final = 64
DESCRIPTORS: Final = 65_536
# What frames a body, chunk by chunk, may be so many times as long as the body itself.
MOST_FRAMING: Final = 8
_STATUS: Final = {431: b"431 Request Header Fields Too Large", 408: b"408 Request Timeout"}


def raise_descriptor_limit() -> int:
    """Lets this process hold as many connections as its hard limit allows; the limit that holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft


class Incomplete:
    """The connections of a process whose request is not whole, oldest first."""

    def __init__(self) -> None:
        self._all: OrderedDict[BoundedProtocol, str] = OrderedDict()
        self._by_address: defaultdict[str, OrderedDict[BoundedProtocol, None]] = defaultdict(OrderedDict)

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, connection: object) -> bool:
        return connection in self._all

    def add(self, connection: "BoundedProtocol", address: str) -> None:
        """One more; what is too many is closed, the oldest first. An empty address has no maximum of its own."""
        self._all[connection] = address
        if address:
            mine = self._by_address[address]
            mine[connection] = None
            if len(mine) > MOST_OF_AN_ADDRESS:
                next(iter(mine)).give_up()
        if len(self._all) > MOST_INCOMPLETE:
            next(iter(self._all)).give_up()

    def remove(self, connection: "BoundedProtocol") -> None:
        """It is whole, or gone."""
        address = self._all.pop(connection, "")
        if address:
            self._by_address[address].pop(connection, None)
            if not self._by_address[address]:
                del self._by_address[address]


incomplete: Final = Incomplete()


class _HeadTooLarge(Exception):
    """Raised into the parser, which stops there."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `--http config.listener:BoundedProtocol` has uvicorn use it."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._in_head = True
        self._too_large = False
        self._head_bytes = self._fields = self._fed = self._body = 0
        self._deadline: Any = None
        self._stall: Any = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        incomplete.add(self, limited_address(self.client))
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settled()
        self._flows()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece at a time while a head comes, so that never more than its bound is parsed before it is refused."""
        if self._too_large or self.transport.is_closing():
            return
        view = memoryview(data)
        while view and not self._too_large and not self.transport.is_closing():
            size = MOST_HEAD_BYTES + 1 - self._head_bytes if self._in_head else len(view)
            piece, view = view[: max(1, size)], view[max(1, size) :]
            was_in_head = self._in_head
            self._fed += len(piece)
            if was_in_head:
                self._begin()
                self._head_bytes += len(piece)
            super().data_received(data if len(piece) == len(data) else bytes(piece))
            framing = not self._in_head and self._fed - self._body > MOST_HEAD_BYTES + MOST_FRAMING * self._body
            if (was_in_head and self._in_head and self._head_bytes > MOST_HEAD_BYTES) or framing:
                self._refuse(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._fields = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        if self._fields > MOST_FIELDS or self._too_large:
            self._too_large = True
            raise _HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes, self._fed, self._body = False, 0, 0, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = self._fed = self._body = 0
        self._settled()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._settled()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """What the parser stopped at: a head that is too large, or no HTTP."""
        if self._too_large:
            self._too_large = False
            self._refuse(431)
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._flows()
        self._stall = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._flows()

    def on_response_complete(self) -> None:
        """What is left of the answer is little, and on its way; a connection that is to close waits for no more."""
        super().on_response_complete()
        if self._stall is None and self.transport.get_write_buffer_size():
            self._stall = self.loop.call_later(STALL_SECONDS, self._abort_if_closing)

    def give_up(self) -> None:
        """Makes room for others."""
        self._settled()
        self.transport.abort()

    def _begin(self) -> None:
        """A request began on a connection that had none under way."""
        if self._deadline is None and self not in incomplete:
            incomplete.add(self, limited_address(self.client))
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_late(self) -> None:
        self._deadline = None
        if self._in_head and not self.transport.is_closing():
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        self._settled()
        self._too_large = True
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(b"HTTP/1.1 " + _STATUS[status] + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()

    def _abort_if_closing(self) -> None:
        self._stall = None
        if self.transport.is_closing():
            self.transport.abort()

    def _flows(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _settled(self) -> None:
        self._stop_waiting()
        incomplete.remove(self)


def limited_address(client: tuple[str, int] | None) -> str:
    """The peer's address where it has a maximum of its own: not of this machine, nor of a proxy that we trust.

    Of IPv6 its /64: so much a single customer has at the least.
    """
    if client is None or settings.TRUSTED_PROXIES:
        return ""
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped.is_loopback:
        return ""
    return mapped.exploded[:19] if mapped.version == 6 else str(mapped)
