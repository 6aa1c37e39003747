"""How calls fail, wait and are tried again: shapes that a healthy simulator does not make."""

import httpx
import pytest

from sandboxes.e2b import (
    BadAnswer,
    BadRequest,
    Conflict,
    E2BClient,
    NotFound,
    RateLimited,
    ServerFailed,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from tests.sandboxes.e2b.answers import EMPTY, LIST, ONE, said


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
