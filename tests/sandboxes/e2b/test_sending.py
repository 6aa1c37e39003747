"""How calls fail, wait and are tried again: shapes that a healthy simulator does not make."""

import httpx
import pytest

from sandboxes.e2b import (
    BadAnswer,
    BadRequest,
    Conflict,
    E2BClient,
    LeftAlone,
    NotFound,
    RateLimited,
    ServerFailed,
    TooManySandboxes,
    Unauthorized,
    Unreachable,
    Unsupported,
)

LIST, ONE = "/v2/sandboxes", "/sandboxes/i1"
EMPTY = httpx.Response(200, json=[])


def said(status, message="no", **headers):
    return httpx.Response(status, json={"code": status, "message": message}, headers=headers)


async def test_it_works(client, api):
    route = api.get(LIST).mock(return_value=EMPTY)

    page = await client.list_page()

    assert page.items == []
    assert str(route.calls.last.request.url) == "http://backend.test/e2b/api/v2/sandboxes?limit=100"


async def test_without_a_key_none_is_sent(api):
    route = api.get(LIST).mock(return_value=EMPTY)
    async with E2BClient("http://backend.test/e2b/api/", None) as keyless:
        await keyless.list_page()

    assert "x-api-key" not in route.calls.last.request.headers


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest), (401, Unauthorized), (403, Unauthorized), (404, NotFound), (405, Unsupported),
        (409, Conflict), (410, Conflict), (418, BadRequest), (500, ServerFailed), (501, Unsupported),
    ],
)  # fmt: skip
async def test_a_refusal_is_raised_once_with_its_words(client, api, clock, status, kind):
    route = api.get(ONE).mock(return_value=said(status, "because"))

    with pytest.raises(kind, match="because") as failure:
        await client.get("i1")

    assert (failure.value.status, route.call_count, clock.slept) == (status, 1, [])


async def test_the_error_code_is_kept(client, api):
    body = {"code": 409, "message": "m", "error_code": "sandbox_snapshot_guest_agent_unresponsive"}
    api.post("/sandboxes/i1/connect").mock(return_value=httpx.Response(409, json=body))

    with pytest.raises(Conflict) as failure:
        await client.connect("i1", 60)

    assert failure.value.error_code == "sandbox_snapshot_guest_agent_unresponsive"


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_passing_failure_is_tried_four_times_with_growing_waits(client, api, clock, status):
    route = api.get(LIST).mock(return_value=httpx.Response(status))

    with pytest.raises(ServerFailed):
        await client.list_page()

    assert route.call_count == 4
    assert clock.slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError])
async def test_a_read_is_tried_again_after_a_broken_connection(client, api, error):
    api.get(LIST).mock(side_effect=[error("x"), EMPTY])

    assert (await client.list_page()).items == []


async def test_nothing_answers(client, api):
    api.get(LIST).mock(side_effect=httpx.ConnectError("x"))

    with pytest.raises(Unreachable, match="base URL") as failure:
        await client.list_page()

    assert not failure.value.maybe_sent


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
    with pytest.raises(Unreachable, match="no answer in time"):
        await client.list_page()
    assert route.call_count == 2
    with pytest.raises(LeftAlone, match="left alone") as failure:
        await client.list_page()
    assert 0 < failure.value.retry_after <= 20
    assert not failure.value.maybe_sent
    assert route.call_count == 2
    await client.get("i1")
    assert other.call_count == 1
    clock.seconds += 20
    route.mock(return_value=EMPTY)
    await client.list_page()


async def test_one_call_without_an_answer_is_not_its_whole_route(client, api):
    route = api.get(LIST)
    for _ in range(3):
        route.mock(side_effect=[httpx.ReadTimeout("x"), EMPTY])
        assert (await client.list_page()).items == []


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


@pytest.mark.parametrize("body", [b"<!doctype html><title>hi</title>", b'[{"sandboxID": "i', b"", b'{"a": 1}', b"null"])
async def test_an_answer_that_is_none_says_what_to_check(client, api, body):
    api.get(LIST).mock(return_value=httpx.Response(200, content=body))

    with pytest.raises(BadAnswer, match="base URL"):
        await client.list_page()


@pytest.mark.parametrize("body", [b"<html>404</html>", b"404 page not found"])
async def test_a_gateways_404_does_not_prove_that_a_sandbox_is_gone(client, api, body):
    api.get(ONE).mock(return_value=httpx.Response(404, content=body))
    api.delete(ONE).mock(return_value=httpx.Response(404, content=body))

    with pytest.raises(BadAnswer):
        await client.get("i1")
    with pytest.raises(BadAnswer):
        await client.kill("i1")


async def test_a_redirect_is_not_followed_with_the_key(client, api):
    route = api.get(LIST).mock(return_value=httpx.Response(301, headers={"Location": "https://elsewhere.test/"}))

    with pytest.raises(BadAnswer, match="redirect"):
        await client.list_page()

    assert route.call_count == 1


async def test_an_answer_packed_wrongly(client, api):
    packed = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))
    api.get(LIST).mock(return_value=packed)

    with pytest.raises(BadAnswer):
        await client.list_page()


@pytest.mark.parametrize("status", [204, 404])
async def test_a_kill_is_answered_either_way(client, api, status):
    api.delete(ONE).mock(return_value=said(404) if status == 404 else httpx.Response(204))

    answer = await client.kill("i1")

    assert (answer.status, answer.was_gone) == (status, status == 404)


async def test_a_kill_that_never_left_is_tried_again(client, api):
    route = api.delete(ONE).mock(side_effect=[httpx.ConnectError("x"), httpx.Response(204)])

    assert (await client.kill("i1")).status == 204
    assert route.call_count == 2


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError])
async def test_a_kill_that_may_have_left_is_not_sent_twice(client, api, error):
    route = api.delete(ONE).mock(side_effect=error("x"))

    with pytest.raises(Unreachable, match="may have happened") as failure:
        await client.kill("i1")

    assert failure.value.maybe_sent
    assert route.call_count == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_kill_that_the_backend_dropped_may_have_happened(client, api, status):
    route = api.delete(ONE).mock(return_value=httpx.Response(status))

    with pytest.raises(ServerFailed) as failure:
        await client.kill("i1")

    assert failure.value.maybe_sent
    assert route.call_count == 1


async def test_a_rate_limited_kill_is_left_to_the_caller(client, api):
    route = api.delete(ONE).mock(return_value=said(429, **{"Retry-After": "1"}))

    with pytest.raises(RateLimited) as failure:
        await client.kill("i1")

    assert not failure.value.maybe_sent
    assert route.call_count == 1


async def test_a_kill_past_its_deadline_is_not_sent(client, api):
    route = api.delete(ONE).mock(return_value=httpx.Response(204))

    with pytest.raises(Unreachable) as failure:
        await client.kill("i1", deadline_seconds=0)

    assert (failure.value.maybe_sent, route.call_count) == (False, 0)


async def test_a_web_page_is_no_yes_to_a_kill(client, api):
    api.delete(ONE).mock(return_value=httpx.Response(200, content=b"<html>Log in</html>"))

    with pytest.raises(BadAnswer) as failure:
        await client.kill("i1")

    assert failure.value.maybe_sent


@pytest.mark.parametrize("sandbox_id", ["", ".", ".."])
async def test_an_id_that_would_change_the_path_is_not_sent(client, api, sandbox_id):
    with pytest.raises(BadRequest, match="nothing was sent"):
        await client.kill(sandbox_id)

    assert api.calls.call_count == 0


async def test_an_id_stays_one_segment(client, api):
    route = api.route(method="DELETE").mock(return_value=httpx.Response(204))

    await client.kill("../teams/1?x#y")

    assert route.calls.last.request.url.raw_path == b"/e2b/api/sandboxes/..%2Fteams%2F1%3Fx%23y"


async def test_the_bodies_of_changing_calls(client, api):
    route = api.post(url__regex=".*").mock(return_value=httpx.Response(204))

    await client.pause("i1")
    await client.pause("i1", memory=False)
    await client.connect("i1", 300)
    await client.set_timeout("i1", 60)
    await client.refresh("i1", 90)

    assert [(call.request.url.path.removeprefix("/e2b/api"), call.request.content) for call in route.calls] == [
        ("/sandboxes/i1/pause", b"{}"),
        ("/sandboxes/i1/pause", b'{"memory":false}'),
        ("/sandboxes/i1/connect", b'{"timeout":300}'),
        ("/sandboxes/i1/timeout", b'{"timeout":60}'),
        ("/sandboxes/i1/refreshes", b'{"duration":90}'),
    ]
