"""What a backend lacks is told from what merely failed."""

import httpx
import pytest

from sandboxes.e2b import Capabilities, probe

ABSENT = httpx.Response(404, json={"code": 404, "message": "not found"})
ALL = Capabilities(**dict.fromkeys(Capabilities().to_dict(), True))
NONE = Capabilities(**dict.fromkeys(Capabilities().to_dict(), False))


def full_backend(api, listed, sample):
    api.get("/sandboxes/metrics").mock(return_value=httpx.Response(200, json={"sandboxes": {}}))
    api.get("/v2/sandboxes", params={"state": "paused"}).mock(
        return_value=httpx.Response(200, json=[listed("p", state="paused")])
    )
    api.get("/v2/sandboxes").mock(return_value=httpx.Response(200, json=[listed("r")]))
    api.get("/v2/sandboxes/r/logs").mock(return_value=httpx.Response(200, json={"logs": []}))
    api.get("/sandboxes/r/metrics").mock(return_value=httpx.Response(200, json=[sample()]))
    for path in ("/events/sandboxes", "/events/webhooks", "/v2/templates"):
        api.get(path).mock(return_value=httpx.Response(200, json=[]))


async def test_it_works(client, api, listed, sample):
    full_backend(api, listed, sample)

    assert await probe(client) == ALL
    assert {call.request.method for call in api.calls} == {"GET"}


@pytest.mark.parametrize(
    "refusal",
    [ABSENT, httpx.Response(404), httpx.Response(404, html="<p>?"), httpx.Response(405), httpx.Response(501)],
)
async def test_a_backend_that_only_lists(client, api, listed, refusal):
    api.get("/v2/sandboxes").mock(return_value=httpx.Response(200, json=[listed("r")]))
    api.get("/sandboxes/r").mock(return_value=httpx.Response(200, json=listed("r")))
    api.get(url__regex=".*").mock(return_value=refusal)

    found = await probe(client)

    assert (found.bulk_metrics, found.events, found.webhooks, found.templates) == (False,) * 4
    assert (found.metrics, found.logs) == (False, False)
    assert found.pause is None  # nothing paused was seen: that proves nothing


@pytest.mark.parametrize("failure", [httpx.Response(500), httpx.Response(401), httpx.ConnectError("x")])
async def test_a_failure_keeps_the_former_answers(client, api, failure):
    if isinstance(failure, Exception):
        api.get(url__regex=".*").mock(side_effect=failure)
    else:
        api.get(url__regex=".*").mock(return_value=failure)

    assert await probe(client, ALL) == ALL
    assert await probe(client, NONE) == NONE
    assert await probe(client) == Capabilities()


async def test_a_sandbox_that_died_meanwhile_proves_nothing(client, api, listed):
    api.get("/v2/sandboxes").mock(return_value=httpx.Response(200, json=[listed("r")]))
    api.get(url__regex=".*").mock(return_value=ABSENT)

    found = await probe(client, Capabilities(logs=True, metrics=True))

    assert (found.logs, found.metrics) == (True, True)


async def test_without_the_bulk_call_a_sandbox_named_metrics_is_not_taken_for_it(client, api, listed):
    api.get("/v2/sandboxes").mock(return_value=httpx.Response(200, json=[]))
    api.get("/sandboxes/metrics").mock(return_value=httpx.Response(400, json={"code": 400, "message": "no such ID"}))
    api.get(url__regex=".*").mock(return_value=httpx.Response(200, json=[]))

    assert (await probe(client)).bulk_metrics is None


def test_it_is_kept_as_a_dict():
    some = Capabilities(events=False, pause=True)

    assert Capabilities.from_dict(some.to_dict()) == some
    assert Capabilities.from_dict({"events": False, "pause": True, "later": 1, "logs": "yes"}) == some
    assert some.lacks("events")
    assert not some.lacks("pause")
    assert not some.lacks("logs")
    assert some.without("pause").lacks("pause")
