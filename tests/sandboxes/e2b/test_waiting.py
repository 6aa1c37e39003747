"""How calls wait: what a backend asks for, what a route without answers gets, and whom a pause holds."""

import httpx
import pytest

from sandboxes.e2b import LeftAlone, RateLimited, ServerFailed, TooManySandboxes, Unreachable
from tests.sandboxes.e2b.answers import EMPTY, LIST, ONE, said


async def test_retry_after_is_obeyed(client, api, clock):
    api.get(LIST).mock(side_effect=[said(429, **{"Retry-After": "2", "RateLimit-Reset": "20"}), EMPTY])

    await client.list_page()

    assert clock.slept == [2.0]


@pytest.mark.parametrize("status", [429, 503])
async def test_long_wait_is_left_to_the_next_round(client, api, clock, status):
    route = api.get(LIST).mock(return_value=said(status, **{"Retry-After": "7"}))
    for _ in range(2):
        with pytest.raises((RateLimited, ServerFailed)) as failure:
            await client.list_page()
        assert isinstance(failure.value, RateLimited | ServerFailed)
        assert failure.value.retry_after == 7.0
    assert (route.call_count, clock.slept) == (1, [])


async def test_refusals_that_do_not_say_when_pause_the_route_after_the_last_try(client, api, clock):
    route = api.get(LIST).mock(return_value=said(429))
    for _ in range(3):
        with pytest.raises(RateLimited):
            await client.list_page()
    assert route.call_count == 4
    clock.seconds += 10
    with pytest.raises(RateLimited):
        await client.list_page()
    assert route.call_count == 8


async def test_route_that_gives_no_answers_is_left_alone(client, api, clock):
    route = api.get(LIST).mock(side_effect=httpx.ReadTimeout("x"))
    other = api.get(ONE).mock(return_value=httpx.Response(200, json={"sandboxID": "i1"}))
    for calls in (4, 8):
        with pytest.raises(Unreachable, match="no answer in time"):
            await client.list_page()
        assert route.call_count == calls
    with pytest.raises(LeftAlone, match="left alone") as failure:
        await client.list_page()
    assert 0 < failure.value.retry_after <= 20
    assert not failure.value.maybe_sent
    assert route.call_count == 8
    await client.get("i1")
    assert other.call_count == 1
    clock.seconds += 20
    route.mock(return_value=EMPTY)
    await client.list_page()


async def test_try_cut_short_by_the_deadline_does_not_hide_why_the_one_before_failed(client, api, clock):
    async def takes_all_that_is_left(_):
        clock.seconds += 60
        raise TimeoutError

    api.get(LIST).mock(side_effect=[httpx.ConnectError("refused"), takes_all_that_is_left])
    with pytest.raises(Unreachable, match="no connection") as failure:
        await client.list_page(deadline_seconds=4)
    assert isinstance(failure.value.__cause__, httpx.ConnectError)


async def test_one_call_without_an_answer_is_not_its_whole_route(client, api):
    route = api.get(LIST)
    for _ in range(3):
        route.mock(side_effect=[httpx.ReadTimeout("x"), EMPTY])
        assert (await client.list_page()).items == []


async def test_one_sandbox_that_hangs_is_not_its_whole_route(client, api):
    route = api.get(ONE).mock(side_effect=httpx.ReadTimeout("x"))
    other = api.get("/sandboxes/i2").mock(return_value=httpx.Response(200, json={"sandboxID": "i2"}))
    for calls in (4, 8):
        with pytest.raises(Unreachable, match="no answer in time"):
            await client.get("i1")
        assert route.call_count == calls
        await client.get("i2")
    assert other.call_count == 2


async def test_call_that_was_answered_with_a_failure_at_last_is_not_silent(client, api):
    route = api.get(LIST).mock(side_effect=[*[httpx.ReadTimeout("x")] * 3, said(500), *[httpx.ReadTimeout("x")] * 4])
    for _ in range(2):
        with pytest.raises((ServerFailed, Unreachable)):
            await client.list_page()
    assert route.call_count == 8
    route.mock(side_effect=None, return_value=EMPTY)
    await client.list_page()


async def test_slow_pauses_of_large_sandboxes_do_not_close_their_route(client, api):
    route = api.post("/sandboxes/i1/pause").mock(side_effect=httpx.ReadTimeout("x"))
    for _ in range(3):
        with pytest.raises(Unreachable) as failure:
            await client.pause("i1")
        assert failure.value.maybe_sent
    assert route.call_count == 3


async def test_retry_after_may_be_a_date_on_the_servers_clock(client, api, clock):
    dates = {"Retry-After": "Fri, 21 Aug 2026 03:00:02 GMT", "Date": "Fri, 21 Aug 2026 03:00:00 GMT"}
    api.get(LIST).mock(side_effect=[said(429, **dates), EMPTY])

    await client.list_page()

    assert clock.slept == [2.0]


async def test_without_retry_after_the_reset_counts(client, api, clock):
    api.get(LIST).mock(side_effect=[said(429, **{"RateLimit-Reset": "1.5"}), EMPTY])

    await client.list_page()

    assert clock.slept == [1.5]


async def test_a_wait_past_the_deadline_is_not_begun(client, api, clock):
    api.get(LIST).mock(return_value=said(429, **{"Retry-After": "60"}))

    with pytest.raises(RateLimited) as failure:
        await client.list_page(deadline_seconds=30)

    assert (failure.value.retry_after, clock.slept) == (60.0, [])


async def test_a_429_pauses_the_whole_route_and_no_other(client, api, clock):
    api.get(LIST).mock(return_value=said(429, **{"Retry-After": "60"}))
    api.get(ONE).mock(return_value=httpx.Response(200, json={"sandboxID": "i1"}))
    with pytest.raises(RateLimited):
        await client.list_page()
    calls = api.calls.call_count

    with pytest.raises(RateLimited, match="paused"):
        await client.list_page()
    assert api.calls.call_count == calls
    await client.get("i1")
    assert clock.slept == []


async def test_when_nothing_remains_the_next_call_waits_for_the_reset(client, api, clock):
    used_up = {"RateLimit-Remaining": "0", "RateLimit-Reset": "2"}
    api.get(LIST).mock(side_effect=[httpx.Response(200, json=[], headers=used_up), EMPTY])

    await client.list_page()
    assert clock.slept == []
    await client.list_page()
    assert clock.slept == [2.0]


@pytest.mark.parametrize(
    ("message", "headers"), [("maximum number of concurrent E2B sandboxes", {"Retry-After": "1"}), ("no", {})]
)
async def test_too_many_sandboxes_is_not_tried_again(client, api, message, headers):
    route = api.post("/sandboxes/i1/connect").mock(return_value=said(429, message, **headers))

    with pytest.raises(TooManySandboxes, match=message):
        await client.connect("i1", 60)

    assert route.call_count == 1


async def test_too_many_calls_to_connect_is_a_rate_limit(client, api):
    api.post("/sandboxes/i1/connect").mock(return_value=said(429, "slow down", **{"Retry-After": "2"}))

    with pytest.raises(RateLimited):
        await client.connect("i1", 60)
