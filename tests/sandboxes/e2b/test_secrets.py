"""The key and the access tokens of sandboxes are in no representation, log line, error or traceback."""

import logging
import traceback

import httpx
import pytest

from sandboxes.base import masking
from sandboxes.e2b import BadRequest, E2BClient, E2BError, Unauthorized

ODD_KEY = "another-shape/of.key-99"


async def test_the_key_is_in_no_representation_or_log(caplog, api, clock):
    caplog.set_level(logging.DEBUG)
    api.get("/v2/sandboxes").mock(return_value=httpx.Response(503, json={"message": f"bad key {ODD_KEY}"}))

    async with E2BClient("http://backend.test/e2b/api", ODD_KEY, timing=clock.timing) as client:
        with pytest.raises(E2BError) as failure:
            await client.list_page()
        shown = [
            repr(client),
            str(vars(client)),
            repr(failure.value),
            "".join(traceback.format_exception(failure.value)),
        ]

    assert not [text for text in [*shown, caplog.text] if ODD_KEY in text]
    assert masking.MASK in str(failure.value)


async def test_the_key_is_sent_though(api):
    route = api.get("/v2/sandboxes").mock(return_value=httpx.Response(200, json=[]))
    async with E2BClient("http://backend.test/e2b/api", f" {ODD_KEY}\n") as client:
        await client.list_page()

    assert route.calls.last.request.headers["x-api-key"] == ODD_KEY


@pytest.mark.parametrize("key", ["e2b_ümlaut12345678", "e2b_line\nbreak12345678"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_quoted(key):
    with pytest.raises(Unauthorized, match="copy it again") as failure:
        E2BClient("http://backend.test", key)

    assert key not in str(failure.value)


def test_a_password_in_the_base_url_is_refused_without_being_quoted():
    with pytest.raises(BadRequest) as failure:
        E2BClient("http://me:hunter2secret@backend.test", None)

    assert "hunter2secret" not in str(failure.value)


async def test_access_tokens_are_dropped_wherever_they_come(client, api, listed):
    secret = "ea_0123456789secret"
    answer = listed("i1", envdAccessToken=secret, trafficAccessToken=secret)
    api.get("/sandboxes/i1").mock(return_value=httpx.Response(200, json=answer))
    api.get("/v2/sandboxes").mock(return_value=httpx.Response(200, json=[answer]))
    api.post("/sandboxes/i1/connect").mock(return_value=httpx.Response(201, json=answer))

    seen = [await client.get("i1"), await client.list_all(), await client.connect("i1", 60)]

    assert not [thing for thing in seen if secret in repr(thing)]
