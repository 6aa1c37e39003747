"""The public listener takes little from whoever has not said who they are, and always has room for a whole request."""

import asyncio
import resource
import socket
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config import listener

WHOLE = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture
async def served():
    """A server with our protocol; `asked` are the paths that reached the app."""
    asked = []

    async def app(scope, receive, send):
        asked.append(scope["path"])
        while (await receive()).get("more_body"):
            continue
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async with serving(app, "config.listener:BoundedProtocol") as port:
        yield lambda: asyncio.open_connection("127.0.0.1", port), asked


@asynccontextmanager
async def serving(app, protocol):
    """The port of a server with this app and protocol."""
    config = uvicorn.Config(app, port=0, http=protocol, ws="none", lifespan="off", log_config=None, log_level="warning")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


async def pieces(reader):
    """What comes, a little at a time."""
    while piece := await reader.read(16_384):
        yield piece


async def said(connect, *pieces):
    """All that is answered to `pieces` until the connection is closed, or the answer is whole."""
    reader, writer = await connect()
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
    answer = b""
    with suppress(ConnectionError):
        async with asyncio.timeout(5):
            while not answer.endswith(b"ok") and (more := await reader.read(65536)):
                answer += more
    writer.close()
    return answer


def head(fields, size=1):
    return b"GET / HTTP/1.1\r\n" + b"".join(b"x-%d: %b\r\n" % (n, b"a" * size) for n in range(fields)) + b"\r\n"


@pytest.mark.parametrize("pieces", [[WHOLE], [WHOLE, WHOLE], [WHOLE + WHOLE]])
async def test_whole_requests_are_answered_on_one_connection(served, pieces):
    """One after another, or two at once."""
    connect, asked = served
    reader, writer = await connect()
    count = b"".join(pieces).count(WHOLE)
    async with asyncio.timeout(10):
        for piece in pieces:
            writer.write(piece)
            for _ in range(piece.count(WHOLE)):
                answer = await reader.readuntil(b"ok")
                assert (answer.startswith(b"HTTP/1.1 200 OK"), answer.count(b"HTTP/1.1")) == (True, 1)
    assert len(listener.incomplete) == 0
    assert asked == ["/healthz"] * count
    writer.close()


async def test_head_within_its_bounds_is_taken_in_any_pieces(served):
    connect, _ = served
    whole = head(listener.MOST_FIELDS, 500)
    assert (await said(connect, *(whole[n : n + 7000] for n in range(0, len(whole), 7000)))).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "whole",
    [
        head(1, listener.MOST_HEAD_BYTES),
        head(listener.MOST_FIELDS + 1),
        b"GET /" + b"a" * listener.MOST_HEAD_BYTES + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_head_past_its_bounds_is_refused_before_the_app_sees_it(served, whole):
    connect, asked = served
    assert (await said(connect, whole)).startswith(b"HTTP/1.1 431")
    assert asked == []


def fed_to_the_parser(monkeypatch):
    """How many bytes each time."""
    fed = []
    parse = HttpToolsProtocol.data_received

    def noted(self, data):
        fed.append(len(data))
        parse(self, data)

    monkeypatch.setattr(HttpToolsProtocol, "data_received", noted)
    return fed


async def test_endless_head_is_cut_off_at_its_bound(served, monkeypatch):
    connect, asked = served
    fed = fed_to_the_parser(monkeypatch)
    await said(connect, b"GET / HTTP/1.1\r\nx: ", *[b"a" * 65536] * 64)

    assert sum(fed) <= listener.MOST_HEAD_BYTES + 1
    assert (asked, len(listener.incomplete)) == ([], 0)


async def test_endless_trailer_of_a_body_is_cut_off(served, monkeypatch):
    connect, _ = served
    fed = fed_to_the_parser(monkeypatch)
    begin = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx: "
    await said(connect, begin, *[b"a" * 65536] * 64)

    assert sum(fed) < 1_000_000
    assert len(listener.incomplete) == 0


async def test_body_in_tiny_chunks_is_taken(served):
    connect, _ = served
    body = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 40_000 + b"0\r\n\r\n"
    assert (await said(connect, body)).startswith(b"HTTP/1.1 200")


async def test_head_that_does_not_come_is_given_up(served, monkeypatch):
    monkeypatch.setattr(listener, "HEAD_SECONDS", 0.05)
    connect, asked = served
    assert (await said(connect, b"GET / HTTP/1.1\r\n")).startswith(b"HTTP/1.1 408")
    assert (await said(connect)).startswith(b"HTTP/1.1 408")
    assert asked == []


async def test_half_open_connections_keep_no_whole_request_out(served, monkeypatch):
    monkeypatch.setattr(listener, "MOST_INCOMPLETE", 20)
    connect, _ = served
    held = [await connect() for _ in range(60)]
    for _, writer in held:
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
    answers = [await said(connect, WHOLE) for _ in range(5)]

    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    assert len(listener.incomplete) <= 20
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await held[0][0].readexactly(1)  # the oldest was closed
    for _, writer in held:
        writer.close()


async def test_one_foreign_address_holds_few_connections(served, monkeypatch):
    monkeypatch.setattr(listener, "MOST_OF_AN_ADDRESS", 3)
    monkeypatch.setattr(listener, "limited_address", lambda client: "198.51.100.7")
    connect, _ = served
    held = [await connect() for _ in range(9)]
    assert (await said(connect, WHOLE)).startswith(b"HTTP/1.1 200")

    assert len(listener.incomplete) <= 3
    for _, writer in held:
        writer.close()


@pytest.mark.parametrize(("size", "parts"), [(8 * 1024 * 1024, 1), (20_000, 1), (131_072, 64)])
async def test_client_that_takes_nothing_of_its_answer_is_closed(monkeypatch, size, parts):
    """Whether much of it waits, little, or the app itself: it holds a descriptor that nobody else can have."""
    monkeypatch.setattr(listener, "STALL_SECONDS", 0.05)
    lost = asyncio.Event()

    class Watched(listener.BoundedProtocol):
        def connection_made(self, transport):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
            super().connection_made(transport)

        def connection_lost(self, exc):
            super().connection_lost(exc)
            lost.set()

    async def app(_scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        for part in range(parts):
            await send({"type": "http.response.body", "body": b"x" * size, "more_body": part + 1 < parts})

    async with serving(app, Watched) as port:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            deaf.setblocking(False)
            await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", port))
            await asyncio.get_running_loop().sock_sendall(deaf, WHOLE)
            await asyncio.wait_for(lost.wait(), 10)


async def test_client_that_takes_its_answer_slowly_is_served_whole(monkeypatch):
    """Each time that it takes some, it has its time again."""
    size = 4 * 1024 * 1024

    async def app(_scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        for _ in range(64):
            await send({"type": "http.response.body", "body": b"x" * (size // 64), "more_body": True})
        await send({"type": "http.response.body"})

    async with serving(app, listener.BoundedProtocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(WHOLE)
        taken = b"".join([piece async for piece in pieces(reader)])
        writer.close()
    assert taken.count(b"x") == size


@pytest.mark.parametrize(
    ("client", "proxies", "limited"),
    [
        (("127.0.0.1", 5), 0, ""),
        (("::1", 5), 0, ""),
        (("::ffff:127.0.0.1", 5), 0, ""),
        (("198.51.100.7", 5), 0, "198.51.100.7"),
        (("::ffff:198.51.100.7", 5), 0, "198.51.100.7"),
        (("2001:db8:1:2:3:4:5:6", 5), 0, "2001:0db8:0001:0002"),
        (("2001:db8:1:2::9", 5), 0, "2001:0db8:0001:0002"),
        (("198.51.100.7", 5), 1, ""),
        (None, 0, ""),
    ],
)
def test_addresses_of_this_machine_and_of_proxies_have_no_maximum(settings, client, proxies, limited):
    settings.TRUSTED_PROXIES = proxies
    assert listener.limited_address(client) == limited


def test_descriptor_limit_is_raised_to_what_the_system_allows(monkeypatch):
    set_to = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))

    assert listener.raise_descriptor_limit() == 4096
    assert set_to == [(4096, 4096)]
