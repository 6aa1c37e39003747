"""The lists: pages, filters, headers, and what is on no page."""

from urllib.parse import quote, urlencode

import httpx
import pytest

from simulator import DEFAULT_API_KEY, ManualClock, Simulator, empty, rfc3339
from simulator.served import served


def _ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [entry["sandboxID"] for entry in response.json()]


def _filled(simulator: Simulator, count: int) -> list[str]:
    made = []
    for _ in range(count):
        made.append(simulator.create().id)
        simulator.advance(1)
    return made


def test_the_newest_comes_first_and_a_token_leads_on(simulator: Simulator, api: httpx.Client) -> None:
    made = _filled(simulator, 7)
    first = api.get("/v2/sandboxes", params={"limit": 3})
    second = api.get("/v2/sandboxes", params={"limit": 3, "nextToken": first.headers["x-next-token"]})
    third = api.get("/v2/sandboxes", params={"limit": 3, "nextToken": second.headers["x-next-token"]})
    assert _ids(first) + _ids(second) + _ids(third) == made[::-1]
    assert "x-next-token" not in third.headers


def test_what_is_born_or_dies_between_pages_shifts_none_of_the_others(simulator: Simulator, api: httpx.Client) -> None:
    made = _filled(simulator, 6)
    first = api.get("/v2/sandboxes", params={"limit": 2, "order": "asc"})
    api.delete(f"/sandboxes/{made[1]}")
    simulator.create()
    rest = api.get("/v2/sandboxes", params={"order": "asc", "nextToken": first.headers["x-next-token"]})
    assert _ids(rest)[:4] == made[2:]


def test_a_token_of_the_other_order_is_refused(simulator: Simulator, api: httpx.Client) -> None:
    _filled(simulator, 3)
    token = api.get("/v2/sandboxes", params={"limit": 1}).headers["x-next-token"]
    assert api.get("/v2/sandboxes", params={"nextToken": token, "order": "asc"}).status_code == 400
    assert api.get("/v2/sandboxes", params={"nextToken": "nonsense"}).status_code == 400


def test_the_number_of_running_ones_is_told_when_running_was_asked_for(simulator: Simulator, api: httpx.Client) -> None:
    one, two, _ = _filled(simulator, 3)
    api.post(f"/sandboxes/{one}/pause", json={})
    assert api.get("/v2/sandboxes", params={"limit": 1}).headers["x-total-running"] == "2"
    assert api.get("/v2/sandboxes", params={"state": "running,paused"}).headers["x-total-running"] == "2"
    paused = api.get("/v2/sandboxes", params={"state": "paused"})
    assert (_ids(paused), "x-total-running" in paused.headers) == ([one], False)
    assert two in _ids(api.get("/sandboxes"))
    assert one not in _ids(api.get("/sandboxes"))


@pytest.mark.parametrize(
    "metadata",
    [
        {"plain": "value"},
        {"k y": "v/1&x"},
        {"a=b": "c&d=e", "ü": "100%"},
        {"plus": "1+1", "empty": ""},
        {"quote": '"%20"', "comma": "a,b"},
    ],
)
def test_metadata_is_found_through_its_three_layers_of_encoding(
    simulator: Simulator, api: httpx.Client, metadata: dict[str, str]
) -> None:
    wanted = simulator.create(metadata={**metadata, "more": "too"}).id
    simulator.create(metadata={"plain": "other"})
    layered = urlencode({quote(key): quote(value) for key, value in metadata.items()})
    assert _ids(api.get("/v2/sandboxes", params={"metadata": layered})) == [wanted]
    assert _ids(api.get("/sandboxes", params={"metadata": layered})) == [wanted]


def test_the_example_of_the_sdk_reads_as_it_was_meant(simulator: Simulator, api: httpx.Client) -> None:
    wanted = simulator.create(metadata={"k y": "v/1&x"}).id
    assert _ids(api.get("/v2/sandboxes?metadata=k%252520y%3Dv%252F1%252526x")) == [wanted]
    assert api.get("/v2/sandboxes?metadata=nopair").status_code == 400


def test_template_and_start_narrow_the_list(simulator: Simulator, api: httpx.Client) -> None:
    early = simulator.create("desktop").id
    late_start = simulator.advance(60)
    late = simulator.create("desktop").id
    simulator.create("base")
    desktop = simulator.template("desktop").id
    assert set(_ids(api.get("/v2/sandboxes", params={"template": desktop}))) == {early, late}
    after = {"template": "desktop", "startedAfter": rfc3339.text(late_start)}
    assert _ids(api.get("/v2/sandboxes", params=after)) == [late]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "state=dead", "order=up", "startedAfter=yesterday"]
)
def test_a_query_without_sense_is_a_400_that_says_its_code(api: httpx.Client, query: str) -> None:
    answer = api.get(f"/v2/sandboxes?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_a_resume_moves_the_start_and_so_the_place(simulator: Simulator, api: httpx.Client) -> None:
    first, second = _filled(simulator, 2)
    api.post(f"/sandboxes/{first}/pause", json={})
    simulator.advance(5)
    api.post(f"/sandboxes/{first}/connect", json={"timeout": 60})
    assert _ids(api.get("/v2/sandboxes")) == [first, second]


def test_a_pausing_sandbox_is_listed_as_paused_and_a_forking_one_not_at_all(
    simulator: Simulator, api: httpx.Client
) -> None:
    pausing, forking = simulator.create(), simulator.create()
    with simulator.lock:
        simulator.lifecycle.pause(simulator.now(), pausing, seconds=4)
        simulator.lifecycle.fork(simulator.now(), forking, 60, 1, seconds=3)
    states = {entry["sandboxID"]: entry["state"] for entry in api.get("/v2/sandboxes").json()}
    assert states[pausing.id] == "paused"
    assert forking.id not in states
    assert api.get(f"/sandboxes/{forking.id}").status_code == 200
    assert api.post(f"/sandboxes/{pausing.id}/pause", json={}).status_code == 409
    simulator.advance(4)
    assert forking.id in _ids(api.get("/v2/sandboxes"))


def test_hidden_sandboxes_are_on_no_page_but_alive(simulator: Simulator, api: httpx.Client) -> None:
    hidden, shown = _filled(simulator, 2)
    simulator.fleet.hidden.add(hidden)
    page = api.get("/v2/sandboxes")
    assert (_ids(page), page.headers["x-total-running"]) == ([shown], "1")
    assert api.get(f"/sandboxes/{hidden}").status_code == 200


def test_every_entry_has_what_strict_clients_need(simulator: Simulator, api: httpx.Client) -> None:
    simulator.create()
    entry = api.get("/v2/sandboxes").json()[0]
    needed = "templateID sandboxID clientID startedAt endAt cpuCount memoryMB diskSizeMB state envdVersion"
    assert set(needed.split()) <= set(entry)
    assert {"network", "lifecycle"}.isdisjoint(entry)


def test_a_base_path_is_in_front_of_everything(clock: ManualClock) -> None:
    with served(empty(base_path="/e2b/api"), clock) as running:
        assert running.url.endswith("/e2b/api")
        with httpx.Client(headers={"X-API-Key": DEFAULT_API_KEY}, trust_env=False) as client:
            assert client.get(f"{running.url}/v2/sandboxes").status_code == 200
            assert client.get(running.url.removesuffix("/e2b/api") + "/v2/sandboxes").status_code == 404
