"""A pause that a backend asked for holds for every worker and tick of its account, by route."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
import respx
from asgiref.sync import sync_to_async
from redis.exceptions import RedisError

from sandboxes.core import accounts, cooldowns, redis_client
from sandboxes.core.cooldowns import SharedPauses
from sandboxes.e2b import LeftAlone, RateLimited, sending
from sandboxes.e2b.pacing import Pause
from tests.support import records
from tests.support.ageing import cooldowns_are_over

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
URL = "http://backend.test"
EMPTY = httpx.Response(200, json=[])


@pytest.fixture
def api():
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router


@pytest.fixture
def account():
    return records.account("prod", url=URL)


async def asked(account) -> None:
    """One more tick, in a worker that knows nothing yet."""
    async with accounts.client_for(account) as client:
        await client.list_page()


async def test_every_client_of_the_account_obeys_for_as_long_as_it_was_told(account, api, mailbox):
    route = api.get("/v2/sandboxes").mock(return_value=httpx.Response(429, headers={"Retry-After": "600"}))
    for _ in range(20):
        with pytest.raises(RateLimited) as refused:
            await asked(account)
        assert (refused.value.retry_after or 0) > 590
    assert route.call_count == 1
    (key,) = mailbox.keys("sandwarden:cooldown:*")
    assert 590_000 < mailbox.pttl(key) <= 600_000
    route.mock(return_value=EMPTY)
    assert cooldowns_are_over() == 1
    await asked(account)


@pytest.mark.parametrize("path", ["/sandboxes/i1", "/events/sandboxes"])
async def test_other_routes_and_accounts_are_asked(account, api, path):
    api.get("/v2/sandboxes").mock(return_value=httpx.Response(429, headers={"Retry-After": "600"}))
    with pytest.raises(RateLimited):
        await asked(account)
    body = {"sandboxID": "i1"} if path == "/sandboxes/i1" else []
    route = api.get(path).mock(return_value=httpx.Response(200, json=body))
    async with accounts.client_for(account) as client:
        await (client.get("i1") if path == "/sandboxes/i1" else client.events())
    assert route.call_count == 1
    other = await sync_to_async(records.account)("second", url=URL)
    api.get("/v2/sandboxes").mock(return_value=EMPTY)
    await asked(other)


async def test_corrected_url_is_asked_at_once(account, api):
    api.get("/v2/sandboxes").mock(return_value=httpx.Response(429, headers={"Retry-After": "600"}))
    with pytest.raises(RateLimited):
        await asked(account)
    account.url = f"{URL}/api"
    route = api.get("/api/v2/sandboxes").mock(return_value=EMPTY)
    await asked(account)
    assert route.call_count == 1


async def test_silent_route_is_left_alone_by_all(account, api, monkeypatch):
    monkeypatch.setattr(sending, "RETRIES", 0)
    route = api.get("/v2/sandboxes").mock(side_effect=httpx.ReadTimeout("x"))
    for _ in range(5):
        with pytest.raises(Exception, match=r"no answer|left alone"):
            await asked(account)
    assert route.call_count == 2
    cooldowns._timeouts.clear()  # as in another process
    with pytest.raises(LeftAlone):
        await asked(account)


async def test_longest_pause_is_an_hour(account, mailbox):
    await SharedPauses(account).pause("GET /x", Pause(86_400.0))
    (key,) = mailbox.keys("sandwarden:cooldown:*")
    assert 3_590_000 < mailbox.pttl(key) <= 3_600_000


async def test_shorter_pause_does_not_end_a_longer_one(mailbox):
    await cooldowns.start("job", 100)
    await cooldowns.start("job", 5)
    assert mailbox.pttl("sandwarden:cooldown:job") > 90_000
    await cooldowns.start("job", 200)
    assert mailbox.pttl("sandwarden:cooldown:job") > 190_000
    assert await cooldowns.is_on("job")
    assert not await cooldowns.is_on("another")


async def test_without_redis_a_client_knows_its_own_pauses(account, api, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    route = api.get("/v2/sandboxes").mock(return_value=httpx.Response(429, headers={"Retry-After": "600"}))
    async with accounts.client_for(account) as client:
        for _ in range(3):
            with pytest.raises(RateLimited):
                await client.list_page()
    assert route.call_count == 1


@pytest.fixture
async def silent_redis(settings, monkeypatch):
    """A Redis that accepts connections and never answers; a socket of ours would wait a minute for it."""
    connected, short = [], redis_client.short

    async def accept(_reader, writer):
        connected.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    settings.REDIS_URL = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    monkeypatch.setattr(redis_client, "short", lambda *_: short(60.0, 60.0))
    monkeypatch.setattr(cooldowns, "REDIS_SECONDS", 0.05)
    yield connected
    server.close()
    for writer in connected:
        writer.close()


async def test_silent_redis_holds_no_call_up(account, silent_redis):
    shared = SharedPauses(account)
    async with asyncio.timeout(20):
        await shared.pause("GET /x", Pause(60.0))
        assert await shared.left("GET /x") is None
        for question in (cooldowns.start("job", 5), cooldowns.is_on("job")):
            with pytest.raises(RedisError, match="no answer within"):
                await question
        await shared.aclose()
    assert len(silent_redis) == 4


async def test_known_pause_gets_shorter_with_time(account, monkeypatch):
    now, shared = [100.0], SharedPauses(account)
    monkeypatch.setattr(cooldowns, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(cooldowns, "FRESH_SECONDS", 10.0)
    await shared.pause("GET /x", Pause(6.0, silent=True))
    first = await shared.left("GET /x")
    now[0] += 5
    aged = await shared.left("GET /x")
    assert first is not None
    assert aged is not None
    assert aged.seconds == pytest.approx(first.seconds - 5)
    assert aged.silent
    now[0] += 1
    assert await shared.left("GET /x") is None
    await shared.aclose()
