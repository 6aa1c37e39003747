"""Metrics: the bulk call's newest samples, the single call's buckets, and their traps."""

from itertools import pairwise

import httpx
import pytest

from simulator import ManualClock, Simulator, empty, patterns, samples
from simulator.world import Simulator as World


def _single(api: httpx.Client, sandbox_id: str, **query: int) -> httpx.Response:
    return api.get(f"/sandboxes/{sandbox_id}/metrics", params=query)


def _bulk(api: httpx.Client, *sandbox_ids: str) -> httpx.Response:
    return api.get("/sandboxes/metrics", params={"sandbox_ids": ",".join(sandbox_ids)})


def test_a_new_sample_comes_every_five_seconds_and_none_at_once(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    assert _bulk(api, sandbox.id).json() == {"sandboxes": {}}
    times = []
    for _ in range(12):
        simulator.advance(1)
        times.append(_bulk(api, sandbox.id).json()["sandboxes"][sandbox.id]["timestampUnix"])
    assert sorted(set(times)) == [1_790_000_001, 1_790_000_006, 1_790_000_011]


def test_a_sample_has_all_nine_fields_in_their_ranges(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create("swe-agent")
    simulator.advance(90)
    metric = _bulk(api, sandbox.id).json()["sandboxes"][sandbox.id]
    fields = "timestamp timestampUnix cpuCount cpuUsedPct memUsed memTotal memCache diskUsed diskTotal"
    assert set(metric) == set(fields.split())
    assert 0 <= metric["cpuUsedPct"] <= 100
    assert 0 < metric["memUsed"] <= metric["memTotal"] == 4096 * 1024 * 1024
    assert metric["memCache"] > 0
    assert 0 < metric["diskUsed"] < metric["diskTotal"] == 20480 * 1024 * 1024


def test_the_paused_and_the_dead_keep_their_last_sample_for_seven_days(simulator: Simulator, api: httpx.Client) -> None:
    paused, killed = simulator.create(), simulator.create()
    simulator.advance(33)
    before = _bulk(api, paused.id, killed.id).json()
    api.post(f"/sandboxes/{paused.id}/pause", json={})
    api.delete(f"/sandboxes/{killed.id}")
    simulator.advance(6 * 86_400)
    assert _bulk(api, paused.id, killed.id).json() == before
    api.post(f"/sandboxes/{paused.id}/connect", json={"timeout": 60})
    assert _bulk(api, paused.id).json()["sandboxes"] == {paused.id: before["sandboxes"][paused.id]}
    simulator.advance(86_400)
    assert killed.id not in _bulk(api, killed.id).json()["sandboxes"]


def test_a_hundred_ids_are_the_most_and_one_malformed_fails_all(simulator: Simulator, api: httpx.Client) -> None:
    ids = [simulator.create().id for _ in range(101)]
    simulator.advance(2)
    assert len(_bulk(api, *ids[:100]).json()["sandboxes"]) == 100
    assert _bulk(api, *ids).status_code == 400
    assert _bulk(api, ids[0], ids[0]).status_code == 400
    assert _bulk(api, ids[0], "NOT_AN_ID").status_code == 400
    assert _bulk(api, ids[0], "a-b-c").status_code == 400
    assert _bulk(api).status_code == 400
    assert list(_bulk(api, ids[0], "iunknown").json()["sandboxes"]) == [ids[0]]


@pytest.mark.parametrize(
    ("range_seconds", "step"),
    [(3599, 5), (3600, 30), (6 * 3600, 60), (12 * 3600, 120), (24 * 3600, 300), (7 * 86_400, 900)],
)
def test_the_step_follows_the_range(simulator: Simulator, api: httpx.Client, range_seconds: int, step: int) -> None:
    sandbox = simulator.create(timeout=86_400)
    now = int(simulator.advance(40_000))
    times = [metric["timestampUnix"] for metric in _single(api, sandbox.id, start=now - range_seconds, end=now).json()]
    assert all(at % step == 0 for at in times)
    assert {later - earlier for earlier, later in pairwise(times)} == {step}
    assert len(times) <= (720 if range_seconds < 86_400 else 2016) + 1


def test_each_field_of_a_bucket_is_its_own_maximum(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create(timeout=86_400)
    now = int(simulator.advance(8000))
    fine = _single(api, sandbox.id, start=now - 3599, end=now).json()
    coarse = _single(api, sandbox.id, start=now - 3600, end=now).json()
    bucket = coarse[-2]
    inside = [metric for metric in fine if 0 <= metric["timestampUnix"] - bucket["timestampUnix"] < 30]
    # Fine buckets hold one sample each, moved to a multiple of 5 s, so those at the edge may be of the next bucket.
    for name in ("cpuUsedPct", "memUsed", "diskUsed"):
        assert bucket[name] in {max(metric[name] for metric in inside), max(metric[name] for metric in inside[1:])}


def test_a_start_alone_later_than_the_newest_sample_is_refused(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    now = int(simulator.now())
    assert _single(api, sandbox.id, start=now).status_code == 400
    assert _single(api, sandbox.id, start=now - 60, end=now).json() == []
    simulator.advance(30)
    api.post(f"/sandboxes/{sandbox.id}/pause", json={})
    now = int(simulator.advance(60))
    assert _single(api, sandbox.id, start=now - 10).status_code == 400
    assert _single(api, sandbox.id, start=now - 10, end=now).json() == []
    assert _single(api, sandbox.id, start=now, end=now - 1).status_code == 400


def test_without_a_range_all_kept_samples_come(simulator: Simulator, api: httpx.Client) -> None:
    sandbox = simulator.create()
    simulator.advance(62)
    api.delete(f"/sandboxes/{sandbox.id}")
    assert len(_single(api, sandbox.id).json()) == 13
    assert _single(api, "iunknown").json() == []


def test_old_agents_tell_less(simulator: Simulator, api: httpx.Client) -> None:
    silent, cacheless = simulator.create("legacy-ocr"), simulator.create("data-science")
    simulator.advance(60)
    found = _bulk(api, silent.id, cacheless.id).json()["sandboxes"]
    assert list(found) == [cacheless.id]
    assert found[cacheless.id]["memCache"] == 0


def test_a_leak_that_kills_stands_at_the_limit_in_its_last_samples() -> None:
    world = World(empty(), ManualClock())
    curve = patterns.drawn(world.chance, "leaking", 1200.0)
    sandbox = world.create(timeout=3600, curve=curve)
    world.advance(1200)
    last = samples.between(sandbox, int(world.now()) - 30, int(world.now()), world.now())
    assert len(last) >= 6
    assert all(metric.mem_used > 0.99 * metric.mem_total for metric in last)


def test_the_team_is_told_its_concurrency(simulator: Simulator, api: httpx.Client) -> None:
    for _ in range(3):
        simulator.create(timeout=600)
    now = int(simulator.advance(660))
    path, span = f"/teams/{simulator.team_id}/metrics", {"start": now - 660, "end": now}
    told = api.get(path, params=span).json()
    assert told[0]["concurrentSandboxes"] == 3
    assert told[-1]["concurrentSandboxes"] == 0
    most = api.get(f"{path}/max", params={**span, "metric": "concurrent_sandboxes"}).json()
    assert most["value"] == 3
    assert api.get(f"{path}/max", params=span).status_code == 400
    assert api.get("/teams/another/metrics").status_code == 403
