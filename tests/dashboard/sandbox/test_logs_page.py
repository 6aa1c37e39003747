"""A sandbox's log as its page asks for it: pages in both directions, filters, and in words why there is none."""

from datetime import UTC, datetime

import httpx
import pytest
import respx
from django.test import Client

from sandboxes.models import Sandbox
from tests.support import records

URL = "http://e2b.test"
START = int(datetime(2026, 8, 21, 12, 0, tzinfo=UTC).timestamp())


def box(**fields: object) -> Sandbox:
    return records.sandbox("ione", of=records.account("default", url=URL), **fields)


def entry(second: int, message: str, level: str = "info") -> dict[str, object]:
    at = datetime.fromtimestamp(START + second, UTC).strftime("%Y-%m-%dT%H:%M:%S.123456Z")
    return {"timestamp": at, "level": level, "message": message, "fields": {"logger": "app"}}


@pytest.mark.django_db
def test_a_log_asks_for_a_sign_in() -> None:
    assert Client().get("/sandboxes/ione/logs/").status_code == 302


@respx.mock
def test_the_newest_lines_come_oldest_first(person: Client) -> None:
    box()
    asked = respx.get(f"{URL}/v2/sandboxes/ione/logs").respond(json={"logs": [entry(9, "later"), entry(1, "first")]})
    told = person.get("/sandboxes/ione/logs/").json()
    assert (told["state"], told["more"]) == ("read", False)
    assert [line["message"] for line in told["lines"]] == ["first", "later"]
    assert told["lines"][0]["ms"] == START * 1000 + 1124, "asked backward from there, it is among the answers"
    assert asked.calls.last.request.url.params["direction"] == "backward"


@respx.mock
def test_level_search_and_both_directions_reach_the_backend(person: Client) -> None:
    box()
    route = respx.get(f"{URL}/v2/sandboxes/ione/logs").respond(json={"logs": []})
    person.get("/sandboxes/ione/logs/", {"before": "5000", "level": "warn", "search": "<b>"})
    sent = dict(route.calls.last.request.url.params)
    assert sent == {"cursor": "5000", "limit": "200", "direction": "backward", "level": "warn", "search": "<b>"}
    person.get("/sandboxes/ione/logs/", {"after": 7000})
    sent = dict(route.calls.last.request.url.params)
    assert (sent["cursor"], sent["direction"]) == ("7000", "forward")


@respx.mock
def test_a_full_page_says_that_there_is_more(person: Client) -> None:
    box()
    lines = [entry(-number, f"line {number}") for number in range(200)]
    respx.get(f"{URL}/v2/sandboxes/ione/logs").respond(json={"logs": lines})
    assert person.get("/sandboxes/ione/logs/").json()["more"] is True


@respx.mock
def test_a_backend_of_the_first_version_is_read_to_its_end(person: Client) -> None:
    box()
    respx.get(f"{URL}/v2/sandboxes/ione/logs").respond(404, json={"code": 404, "message": "not found"})
    pages = [[entry(number, f"line {number}") for number in range(300)], []]

    def old(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("start", "0"))
        lines = pages[0] if start < (START + 299) * 1000 else pages[0][-1:]
        return httpx.Response(200, json={"logs": [], "logEntries": lines})

    respx.get(f"{URL}/sandboxes/ione/logs").mock(side_effect=old)
    told = person.get("/sandboxes/ione/logs/").json()
    assert (len(told["lines"]), told["more"]) == (200, True)
    assert told["lines"][-1]["message"] == "line 299"
    older = person.get("/sandboxes/ione/logs/", {"before": told["lines"][0]["ms"]}).json()
    assert (older["lines"][-1]["message"], older["more"]) == ("line 99", False)


def gone(status: int) -> None:
    for version in ("/v2", ""):
        respx.get(f"{URL}{version}/sandboxes/ione/logs").respond(status, json={"code": status, "message": "no"})


@respx.mock
def test_a_backend_without_logs_says_so(person: Client) -> None:
    box()
    gone(404)
    told = person.get("/sandboxes/ione/logs/").json()
    assert (told["state"], told["why"]) == ("unsupported", "The backend of default keeps no logs of its sandboxes.")


@respx.mock
def test_the_log_of_an_ended_one_may_be_gone(person: Client) -> None:
    box(state="ended", ended_at=records.NOW)
    gone(404)
    assert person.get("/sandboxes/ione/logs/").json()["state"] == "gone"


@respx.mock
def test_a_backend_that_refuses_the_key_is_told_in_words(person: Client) -> None:
    box()
    gone(401)
    told = person.get("/sandboxes/ione/logs/").json()
    assert told["state"] == "failed"
    assert told["why"]


def test_a_backend_known_to_have_none_is_not_asked(person: Client) -> None:
    records.sandbox("ione", of=records.account("default", url=URL, capabilities={"logs": False}))
    assert person.get("/sandboxes/ione/logs/").json()["state"] == "unsupported"


@pytest.mark.parametrize("asked", [{"level": "loud"}, {"before": "-1"}, {"after": "x"}, {"search": "x" * 257}])
def test_what_cannot_be_asked_is_refused(asked: dict[str, str], person: Client) -> None:
    box()
    assert person.get("/sandboxes/ione/logs/", asked).status_code == 400


def test_a_sandbox_nobody_knows_has_no_log(person: Client) -> None:
    assert person.get("/sandboxes/inobody/logs/").status_code == 404
