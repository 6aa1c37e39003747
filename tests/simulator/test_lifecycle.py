"""The actions and the traps E2B's lifecycle holds."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from simulator import DEFAULT_API_KEY, ManualClock, Simulator, empty, rfc3339
from simulator.served import served
from tests.simulator.receiver import eventually


def _events(api: httpx.Client, sandbox_id: str) -> list[tuple[str, dict[str, object]]]:
    answer = api.get(f"/events/sandboxes/{sandbox_id}", params={"orderAsc": "true", "limit": 100}).json()
    return [(event["type"].rsplit(".", 1)[1], event["eventData"] or {}) for event in answer]


def _words(api: httpx.Client, sandbox_id: str) -> list[str]:
    return [word for word, _ in _events(api, sandbox_id)]


def _state(api: httpx.Client, sandbox_id: str) -> str:
    return str(api.get(f"/sandboxes/{sandbox_id}").json().get("state"))


def test_a_kill_is_204_and_then_404(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(metadata={"env": "dev"})
    simulator.advance(12.5)
    assert api.delete(f"/sandboxes/{sandbox.id}").status_code == 204
    again = api.delete(f"/sandboxes/{sandbox.id}")
    assert (again.status_code, again.json()["code"]) == (404, 404)
    word, data = _events(api, sandbox.id)[-1]
    assert (word, data["kill_reason"], data["sandbox_metadata"]) == ("killed", "request", {"env": "dev"})
    assert data["execution"]["execution_time"] == 12_500  # type: ignore[index]


def test_killing_a_paused_sandbox_emits_no_event(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    api.post(f"/sandboxes/{sandbox.id}/pause", json={})
    assert api.delete(f"/sandboxes/{sandbox.id}").status_code == 204
    assert api.get(f"/sandboxes/{sandbox.id}").status_code == 404
    assert _words(api, sandbox.id) == ["created", "paused"]


def test_once_paused_a_timeout_kill_brings_it_back_as_paused(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(timeout=100)
    api.post(f"/sandboxes/{sandbox.id}/pause", json={})
    assert api.post(f"/sandboxes/{sandbox.id}/resume", json={"timeout": 50}).status_code == 201
    simulator.advance(51)
    word, data = _events(api, sandbox.id)[-1]
    assert (word, data["kill_reason"]) == ("killed", "timeout")
    assert _state(api, sandbox.id) == "paused"
    assert api.post(f"/sandboxes/{sandbox.id}/connect", json={"timeout": 50}).status_code == 201
    api.delete(f"/sandboxes/{sandbox.id}")
    assert api.get(f"/sandboxes/{sandbox.id}").status_code == 404


def test_a_timeout_kill_of_a_never_paused_one_is_the_end(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(timeout=100)
    simulator.advance(99)
    assert _state(api, sandbox.id) == "running"
    simulator.advance(1)
    assert api.get(f"/sandboxes/{sandbox.id}").status_code == 404


def test_a_fork_begins_with_resumed_and_its_origin_is_checkpointed(simulator: Simulator, api: httpx.Client) -> None:
    origin = simulator.create(metadata={"run": "1"})
    answer = api.post(f"/sandboxes/{origin.id}/fork", json={"timeout": 60, "count": 2})
    assert answer.status_code == 201
    forks = [result["sandbox"]["sandboxID"] for result in answer.json()]
    assert len(forks) == 2
    assert [_words(api, fork) for fork in forks] == [["resumed"], ["resumed"]]
    assert _words(api, origin.id) == ["created", "checkpointed"]


def test_updated_follows_every_refresh_and_connect_also_when_the_end_stays(
    simulator: Simulator, api: httpx.Client
) -> None:
    sandbox = simulator.create(timeout=3600)
    end = api.get(f"/sandboxes/{sandbox.id}").json()["endAt"]
    assert api.post(f"/sandboxes/{sandbox.id}/refreshes", json={"duration": 20}).status_code == 204
    assert api.post(f"/v2/sandboxes/{sandbox.id}/connect", json={}).status_code == 200
    told = [data["set_timeout"] for word, data in _events(api, sandbox.id) if word == "updated"]
    assert [rfc3339.seconds(str(moment)) for moment in told] == [rfc3339.seconds(end)] * 2


def test_an_oom_kill_has_no_word_of_its_own(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(timeout=3600)
    with simulator.lock:
        sandbox.killed_by_oom = True
        simulator.lifecycle.kill(simulator.now(), sandbox, "unknown")
    assert _events(api, sandbox.id)[-1][1]["kill_reason"] == "unknown"
    messages = [entry["message"] for entry in api.get(f"/v2/sandboxes/{sandbox.id}/logs").json()["logs"]]
    assert any(message.startswith("Out of memory") for message in messages)


def test_a_timeout_moves_the_end_either_way_and_not_past_the_plan(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(timeout=3600)
    path = f"/sandboxes/{sandbox.id}/timeout"
    now = simulator.now()
    assert api.post(path, json={"timeout": 60}).status_code == 204
    assert sandbox.end_at == now + 60
    assert api.post(path, json={"timeout": 86_401}).status_code == 400
    assert api.post(path, json={"timeout": -1}).status_code == 400
    later = simulator.advance(30)
    assert api.post(path, json={"timeout": 86_400}).status_code == 204
    assert sandbox.end_at == now + 86_400 < later + 86_400
    api.post(f"/sandboxes/{sandbox.id}/pause", json={})
    assert api.post(path, json={"timeout": 60}).status_code == 404


def test_connect_only_extends_and_resumes_what_is_paused(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(timeout=600)
    end = sandbox.end_at
    assert api.post(f"/sandboxes/{sandbox.id}/connect", json={"timeout": 10}).status_code == 200
    assert sandbox.end_at == end
    assert api.post(f"/sandboxes/{sandbox.id}/connect", json={}).status_code == 400
    execution = sandbox.run.execution_id
    api.post(f"/sandboxes/{sandbox.id}/pause")
    now = simulator.advance(100)
    assert api.post(f"/v2/sandboxes/{sandbox.id}/connect", json={}).status_code == 201
    assert (sandbox.end_at, sandbox.started) == (now + 300, now)
    assert sandbox.run.execution_id != execution
    assert api.post(f"/sandboxes/{sandbox.id}/resume", json={}).status_code == 409


def test_a_paused_sandbox_ends_about_when_it_was_paused(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(timeout=600)
    now = simulator.advance(30)
    assert api.post(f"/sandboxes/{sandbox.id}/pause", json={"memory": False}).status_code == 204
    assert rfc3339.seconds(api.get(f"/sandboxes/{sandbox.id}").json()["endAt"]) == pytest.approx(now, abs=1e-3)
    assert api.post(f"/sandboxes/{sandbox.id}/pause").status_code == 409


def test_auto_pause_pauses_at_the_end(simulator: Simulator, api: httpx.Client) -> None:
    body = {"templateID": "base", "timeout": 30, "autoPause": True}
    made = api.post("/sandboxes", json=body)
    simulator.advance(31)
    assert _state(api, made.json()["sandboxID"]) == "paused"


def test_create_has_the_defaults_of_its_version(simulator: Simulator, api: httpx.Client) -> None:
    old, new = (
        api.post("/sandboxes", json={"templateID": "base"}),
        api.post("/v2/sandboxes", json={"templateID": "base"}),
    )
    assert (old.status_code, new.status_code) == (201, 201)
    now = simulator.now()
    ends = [simulator.sandbox(answer.json()["sandboxID"]).end_at for answer in (old, new)]
    assert ends == [now + 15, now + 300]
    assert ("envdAccessToken" in old.json(), "envdAccessToken" in new.json()) == (False, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"templateID":"nothing-like-it"}', 404),
        (b"{}", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"templateID":"base","timeout":90000}', 400),
        (b'{"templateID":"base","metadata":{"a":1}}', 400),
    ],
)
def test_a_create_that_cannot_be_is_refused(api: httpx.Client, body: bytes, status: int) -> None:
    answer = api.post("/sandboxes", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, status)


def test_a_body_in_chunks_is_read(api: httpx.Client) -> None:
    answer = api.post("/sandboxes", content=iter([b'{"template', b'ID":"base"}']))
    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert answer.status_code == 201


def test_the_same_idempotency_key_makes_one_sandbox(api: httpx.Client) -> None:
    made = [
        api.post("/v2/sandboxes", json={"templateID": "base"}, headers={"Idempotency-Key": "k1"}).json()["sandboxID"]
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_beyond_the_cap_a_create_and_a_resume_are_429(clock: ManualClock) -> None:
    with (
        served(empty(cap=2), clock) as running,
        httpx.Client(base_url=running.url, headers={"X-API-Key": DEFAULT_API_KEY}, trust_env=False) as api,
    ):
        paused = running.simulator.create()
        api.post(f"/sandboxes/{paused.id}/pause", json={})
        for _ in range(2):
            running.simulator.create()
        refused = api.post("/sandboxes", json={"templateID": "base"})
        assert (refused.status_code, "concurrent" in refused.json()["message"]) == (429, True)
        assert "retry-after" not in refused.headers
        assert api.post(f"/sandboxes/{paused.id}/connect", json={"timeout": 60}).status_code == 429


def test_a_slow_pause_is_answered_when_it_is_done(clock: ManualClock) -> None:
    with (
        served(empty(pause_seconds_per_gib=4.0), clock) as running,
        httpx.Client(base_url=running.url, headers={"X-API-Key": DEFAULT_API_KEY}, trust_env=False) as api,
    ):
        simulator = running.simulator
        sandbox = simulator.create("node-22")
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(api.post, f"/sandboxes/{sandbox.id}/pause", json={})
            eventually(lambda: sandbox.changing == "pausing")
            assert not asked.done()
            simulator.advance(4)
            assert asked.result(10).status_code == 204
        assert sandbox.state == "paused"


def test_a_network_change_is_told_in_an_event(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    assert api.put(f"/sandboxes/{sandbox.id}/network", json={"denyOut": ["0.0.0.0/0"]}).status_code == 204
    assert _events(api, sandbox.id)[-1][1]["network_egress"] == {"denyOut": ["0.0.0.0/0"]}


def test_an_overdue_sandbox_runs_past_its_end_until_it_is_given_a_new_one(
    simulator: Simulator, api: httpx.Client
) -> None:
    sandbox = simulator.create(timeout=60, overdue=True)
    simulator.advance(3600)
    assert _state(api, sandbox.id) == "running"
    api.post(f"/sandboxes/{sandbox.id}/timeout", json={"timeout": 10})
    simulator.advance(11)
    assert api.get(f"/sandboxes/{sandbox.id}").status_code == 404
