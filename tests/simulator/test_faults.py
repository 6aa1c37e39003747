"""Refusals: keys, unknown paths, rate limits, and the faults a test asks for."""

import time

import httpx
import pytest

from simulator import DEFAULT_API_KEY, Fault, ManualClock, Options, Simulator, empty
from simulator.faults import Faults
from simulator.served import Served, served


def _status(answer: httpx.Response) -> int:
    assert answer.json()["code"] == answer.status_code
    assert answer.json()["message"]
    return answer.status_code


def test_without_the_right_key_everything_but_health_is_401(e2b: Served) -> None:
    with httpx.Client(base_url=e2b.url, trust_env=False) as stranger:
        assert _status(stranger.get("/v2/sandboxes")) == 401
        assert _status(stranger.get("/v2/sandboxes", headers={"X-API-Key": "e2b_wrong"})) == 401
        assert _status(stranger.get("/events/sandboxes", headers={b"X-API-Key": "ü".encode()})) == 401
        assert stranger.get("/health").status_code == 204


def test_what_is_not_there_says_so(api: httpx.Client) -> None:
    assert _status(api.get("/nothing/like/it")) == 404
    assert _status(api.put("/v2/sandboxes")) == 405
    assert _status(api.get("/sandboxes/iunknown")) == 404
    for action in ("pause", "connect", "resume", "timeout", "refreshes"):
        assert _status(api.post(f"/sandboxes/iunknown/{action}", json={"timeout": 1})) == 404


def test_rate_limits_are_counted_per_route_and_window(clock: ManualClock) -> None:
    with (
        served(empty(rate_limit=2), clock) as running,
        httpx.Client(base_url=running.url, headers={"X-API-Key": DEFAULT_API_KEY}, trust_env=False) as api,
    ):
        left = [api.get("/v2/sandboxes").headers["ratelimit-remaining"] for _ in range(2)]
        assert left == ["1", "0"]
        refused = api.get("/v2/sandboxes")
        assert _status(refused) == 429
        assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"]
        assert api.get("/templates").headers["ratelimit-limit"] == "2"
        assert "ratelimit-limit" not in api.get("/events/sandboxes").headers
        running.simulator.advance(float(refused.headers["retry-after"]))
        assert api.get("/v2/sandboxes").status_code == 200


def test_a_fault_hits_what_it_is_meant_for_as_often_as_it_is_meant_to(simulator: Simulator, api: httpx.Client) -> None:
    fault = simulator.faults.add(Fault(503, path="/v2/sandboxes", retry_after="7", times=2))
    assert api.get("/templates").status_code == 200
    for _ in range(2):
        refused = api.get("/v2/sandboxes")
        assert (_status(refused), refused.headers["retry-after"]) == (503, "7")
    assert api.get("/v2/sandboxes").status_code == 200
    simulator.faults.remove(fault)


def test_a_proxy_s_html_page_can_stand_in_the_way(simulator: Simulator, api: httpx.Client) -> None:
    simulator.faults.add(Fault(502, method="DELETE", html=True))
    refused = api.delete("/sandboxes/iunknown")
    assert (refused.status_code, refused.headers["content-type"]) == (502, "text/html")
    assert refused.text.startswith("<html>")
    simulator.faults.clear()
    assert _status(api.delete("/sandboxes/iunknown")) == 404


def test_a_delay_lets_the_request_through_later(simulator: Simulator, api: httpx.Client) -> None:
    simulator.faults.add(Fault(delay_seconds=0.2))
    began = time.monotonic()
    assert api.get("/v2/sandboxes").status_code == 200
    assert time.monotonic() - began >= 0.2


def test_a_spec_of_faults_is_read() -> None:
    faults = Faults(1, "503:0.01, slow:0.05,html:0.5,drop:0.1")
    assert [(fault.status, fault.share, fault.html) for fault in faults.rules] == [
        (503, 0.01, False),
        (0, 0.05, False),
        (502, 0.5, True),
    ]
    assert faults.drop_webhooks == 0.1
    with pytest.raises(ValueError, match="faults are written like"):
        Faults(1, "everything")


def test_a_share_of_requests_fails() -> None:
    simulator = Simulator(Options(sandboxes=0, births_per_minute=0, past_hours=0, faults="500:0.3"), ManualClock())
    hit = sum(simulator.faults.hit("GET", "/v2/sandboxes") is not None for _ in range(1000))
    assert 230 < hit < 370


def test_the_date_header_is_the_simulator_s_clock(simulator: Simulator, api: httpx.Client) -> None:
    simulator.advance(86_400)
    assert api.get("/v2/sandboxes").headers["date"] == "Tue, 22 Sep 2026 14:13:20 GMT"
