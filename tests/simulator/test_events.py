"""The events endpoint: order, paging, types and shape."""

import uuid

import httpx
import pytest

from simulator import Simulator


def _page(api: httpx.Client, path: str = "/events/sandboxes", **query: object) -> list[dict[str, object]]:
    answer = api.get(path, params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def test_newest_first_ten_at_a_time_by_default(simulator: Simulator, api: httpx.Client) -> None:
    made = []
    for _ in range(12):
        made.append(simulator.create().id)
        simulator.advance(1)
    assert [event["sandboxId"] for event in _page(api)] == made[:1:-1]
    assert [event["sandboxId"] for event in _page(api, offset=10)] == made[1::-1]
    assert [event["sandboxId"] for event in _page(api, orderAsc="true", limit=3)] == made[:3]


def test_the_offset_moves_when_new_events_arrive(simulator: Simulator, api: httpx.Client) -> None:
    for _ in range(4):
        simulator.create()
    first = _page(api, limit=2)
    simulator.create()
    assert _page(api, limit=2, offset=2)[0]["id"] == first[1]["id"]


def test_types_choose(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    api.post(f"/sandboxes/{sandbox.id}/pause", json={})
    api.post(f"/sandboxes/{sandbox.id}/connect", json={"timeout": 60})
    wanted = ["sandbox.lifecycle.paused", "sandbox.lifecycle.resumed"]
    assert [event["type"] for event in _page(api, types=wanted, orderAsc="true")] == wanted
    assert _page(api, types="sandbox.lifecycle.killed") == []


def test_an_event_has_the_camel_case_shape(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    (event,) = _page(api, f"/events/sandboxes/{sandbox.id}")
    assert set(event) == {
        *("version", "id", "type", "eventData", "timestamp", "sandboxId", "sandboxExecutionId"),
        *("sandboxTemplateId", "sandboxBuildId", "sandboxTeamId"),
    }
    assert uuid.UUID(str(event["id"])).version == 4
    assert event["eventData"] is None
    assert _page(api, "/events/sandboxes/iunknown") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "orderAsc=maybe"])
def test_bounds_are_kept(api: httpx.Client, query: str) -> None:
    assert api.get(f"/events/sandboxes?{query}").status_code == 400


def test_suppressed_kinds_are_never_written(simulator: Simulator, api: httpx.Client) -> None:
    simulator.journal.suppressed.add("killed")
    sandbox = simulator.create()
    api.delete(f"/sandboxes/{sandbox.id}")
    assert [event["type"] for event in _page(api)] == ["sandbox.lifecycle.created"]


def test_events_are_kept_for_seven_days(simulator: Simulator, api: httpx.Client) -> None:
    simulator.create(timeout=30)
    simulator.advance(8 * 86_400)
    simulator.create()
    assert len(_page(api)) == 1
