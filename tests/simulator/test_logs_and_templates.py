"""Logs in both versions, and the templates."""

import json

import httpx
import pytest

from simulator import Simulator


def test_v1_lines_are_json_with_a_level(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    simulator.advance(200)
    answer = api.get(f"/sandboxes/{sandbox.id}/logs").json()
    lines = [json.loads(entry["line"]) for entry in answer["logs"]]
    assert {"level", "message", "timestamp", "logger"} <= set(lines[0])
    assert len(answer["logEntries"]) == len(lines) > 5


def test_v2_pages_by_time_direction_level_and_words(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(timeout=86_400)
    simulator.advance(7200)
    path = f"/v2/sandboxes/{sandbox.id}/logs"
    every = api.get(path).json()["logs"]
    assert [entry["timestamp"] for entry in every] == sorted(entry["timestamp"] for entry in every)
    assert api.get(path, params={"direction": "backward", "limit": 2}).json()["logs"] == every[:-3:-1]
    warnings = api.get(path, params={"level": "warn"}).json()["logs"]
    assert warnings == [entry for entry in every if entry["level"] in ("warn", "error")]
    assert api.get(path, params={"search": "started"}).json()["logs"] == every[:1]
    cursor = int((simulator.now() - 600) * 1000)
    later = api.get(path, params={"cursor": cursor}).json()["logs"]
    assert later == every[-len(later) :]
    assert 0 < len(later) < len(every)


@pytest.mark.parametrize("query", ["limit=1001", "direction=up", "level=loud", "cursor=x"])
def test_bounds_are_kept(simulator: Simulator, api: httpx.Client, query: str) -> None:
    assert api.get(f"/v2/sandboxes/{simulator.create().id}/logs?{query}").status_code == 400


def test_the_dead_keep_their_logs_and_the_unknown_have_none(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    simulator.advance(5)
    api.delete(f"/sandboxes/{sandbox.id}")
    last = api.get(f"/v2/sandboxes/{sandbox.id}/logs").json()["logs"][-1]
    assert last["message"] == "sandbox stopped"
    assert api.get("/sandboxes/iunknown/logs").status_code == 404


def test_templates_count_what_was_spawned(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create("desktop")
    told = {template["names"][0]: template for template in api.get("/templates").json()}
    assert {"code-interpreter-v1", "desktop", "swe-agent", "base", "browser-use", "eval-runner", "node-22"} <= set(told)
    assert told["desktop"]["templateID"] == sandbox.template.id
    assert (told["desktop"]["spawnCount"], told["base"]["spawnCount"]) == (1, 0)
    assert told["base"]["lastSpawnedAt"] is None
    assert all(len(template["templateID"]) == 20 for template in told.values())


def test_v2_templates_come_in_pages(api: httpx.Client) -> None:
    every, names, token = api.get("/templates").json(), [], ""
    while True:
        page = api.get("/v2/templates", params={"limit": 4, **({"nextToken": token} if token else {})})
        names += [template["templateID"] for template in page.json()]
        token = page.headers.get("x-next-token", "")
        if not token:
            break
    assert names == [template["templateID"] for template in every]
    assert api.get("/v2/templates", params={"nextToken": "nonsense"}).status_code == 400
