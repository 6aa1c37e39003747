"""Over real sockets: answers that break off, servers that hang, and how many calls are under way at once."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from sandboxes.e2b import E2BClient, RateLimited, Timing, Unreachable


async def never_mind(_seconds: float) -> None:
    """Instead of waiting before a retry."""


class Raw:
    """A server on a real socket that answers each connection with bytes we choose."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.connections = 0
        self.hang = False
        self.let_go = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        if self.hang:
            await self.let_go.wait()
        elif self.answers:
            writer.write(self.answers.pop(0))
            await writer.drain()
        writer.close()


@pytest.fixture
async def raw() -> AsyncIterator[tuple[Raw, str]]:
    server = Raw()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        yield server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        server.let_go.set()


def client_of(url: str, **options) -> E2BClient:
    return E2BClient(url, None, timing=Timing(sleep=never_mind), **options)


async def test_half_a_body_is_read_again(raw):
    server, url = raw
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
    server.answers = [b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n[{"sandboxID"', whole]
    async with client_of(url) as client:
        assert (await client.list_page()).items == []


async def test_a_server_that_only_hangs_up_is_unreachable(raw):
    server, url = raw
    async with client_of(url) as client:
        with pytest.raises(Unreachable, match="broke off"):
            await client.list_page()

    assert server.connections == 4


async def test_a_kill_cut_off_before_its_answer_may_have_happened(raw):
    server, url = raw
    async with client_of(url) as client:
        with pytest.raises(Unreachable) as failure:
            await client.kill("i1")

    assert failure.value.maybe_sent
    assert server.connections == 1


async def test_a_server_that_hangs_is_given_up_at_the_deadline(raw):
    server, url = raw
    server.hang = True
    async with client_of(url) as client:
        with pytest.raises(Unreachable, match="no answer within") as read:
            await client.list_page(deadline_seconds=0.1)
        with pytest.raises(Unreachable) as kill:
            await client.kill("i1", deadline_seconds=0.1)

    assert (read.value.maybe_sent, kill.value.maybe_sent) == (False, True)
    assert server.connections == 2


async def test_where_nobody_listens_nothing_was_sent(unused_tcp_port):
    async with client_of(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(Unreachable, match="no connection") as failure:
            await client.kill("i1")

    assert not failure.value.maybe_sent


async def test_no_more_calls_are_under_way_than_allowed():
    under_way, most = 0, 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return httpx.Response(200, json={"sandboxes": {}})

    async with client_of("http://h", max_concurrency=3, transport=httpx.MockTransport(answer)) as client:
        await asyncio.gather(*(client.latest_metrics([f"i{number}"]) for number in range(20)))

    assert most == 3


async def test_calls_that_wait_for_their_turn_are_held_back_by_a_429_too():
    seen = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal seen
        seen += 1
        return httpx.Response(429, headers={"Retry-After": "600"}, json={"code": 429, "message": "slow down"})

    async with client_of("http://h", max_concurrency=2, transport=httpx.MockTransport(answer)) as client:
        results = await asyncio.gather(*(client.list_page() for _ in range(20)), return_exceptions=True)

    assert all(isinstance(result, RateLimited) for result in results)
    assert seen <= 2
