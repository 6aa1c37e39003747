"""The fleet's own life: its past, its size, its oddities, and that the same seed gives the same fleet."""

import time
from collections import Counter

import pytest

from simulator import ManualClock, Options, Simulator, samples

NOW = 1_790_000_000.0
DAY = 86_400


@pytest.fixture(scope="module")
def day_old() -> Simulator:
    return Simulator(Options(), ManualClock(NOW))


def _overdue(simulator: Simulator) -> list[str]:
    now = simulator.now()
    return [sandbox.id for sandbox in simulator.fleet if sandbox.state == "running" and sandbox.end_at < now - 600]


def _old(simulator: Simulator) -> list[str]:
    now = simulator.now()
    return [sandbox.id for sandbox in simulator.fleet if sandbox.state == "running" and sandbox.started < now - DAY]


def _told(simulator: Simulator) -> list[tuple[str, str]]:
    events = simulator.journal.page(None, (), oldest_first=True, offset=0, limit=10**6)
    return [(event.id, event.sandbox_id) for event in events]


def test_the_past_is_a_day_of_events_of_every_kind(day_old: Simulator) -> None:
    events = day_old.journal.page(None, (), oldest_first=True, offset=0, limit=10**6)
    recent = [event for event in events if event.at > NOW - DAY]
    assert set(Counter(event.kind for event in recent)) == {
        *("created", "updated", "paused", "resumed", "killed", "checkpointed")
    }
    created = sum(event.kind == "created" for event in recent)
    assert created == pytest.approx(5 * 1440, rel=0.05)
    reasons = Counter(event.data.get("kill_reason") for event in recent if event.kind == "killed" and event.data)
    assert {"request", "timeout", "unknown", "orphaned"} <= set(reasons)
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_both_shipped_policies_find_something_but_not_much(day_old: Simulator) -> None:
    hits = set(_overdue(day_old)) | set(_old(day_old))
    assert _overdue(day_old)
    assert _old(day_old)
    assert 0.02 <= len(hits) / len(day_old.fleet) <= 0.05


def test_owners_and_environments_are_in_the_metadata_of_most(day_old: Simulator) -> None:
    written = [sandbox.metadata for sandbox in day_old.fleet]
    assert {metadata.get("env") for metadata in written} >= {"prod", "staging", "dev"}
    unowned = sum("owner" not in metadata for metadata in written)
    assert 0 < unowned < len(written) / 4
    assert len({sandbox.template.alias for sandbox in day_old.fleet}) >= 6
    assert {sandbox.curve.pattern for sandbox in day_old.fleet} == {"busy", "steady", "idle", "bursty", "leaking"}


def test_who_was_killed_for_memory_had_none_left_in_its_last_sample(day_old: Simulator) -> None:
    events = day_old.journal.page(None, ["sandbox.lifecycle.killed"], oldest_first=False, offset=0, limit=2000)
    killed = [event.sandbox_id for event in events if event.data and event.data["kill_reason"] == "unknown"]
    assert len(killed) > 20
    for sandbox in map(day_old.fleet.known, killed):
        assert sandbox is not None
        newest = samples.latest(sandbox, day_old.now())
        assert newest is not None
        assert newest.mem_used > 0.97 * newest.mem_total


def test_what_a_dashboard_pauses_is_cleared_away_by_its_owner_in_the_end() -> None:
    simulator = Simulator(Options(sandboxes=30, births_per_minute=0.2, past_hours=1), ManualClock(NOW))
    paused = [sandbox for sandbox in simulator.fleet if sandbox.state == "running" and not sandbox.changing]
    for sandbox in paused:
        simulator.lifecycle.pause(simulator.now(), sandbox)
    simulator.advance(9 * DAY)
    assert len(paused) > 20
    assert not [sandbox for sandbox in paused if sandbox.alive]


def test_deaths_balance_births() -> None:
    simulator = Simulator(Options(sandboxes=150, births_per_minute=10, past_hours=2, seed=3), ManualClock(NOW))
    sizes = []
    for _ in range(24):
        simulator.advance(1800)
        sizes.append(len(simulator.fleet))
    assert sum(sizes) / len(sizes) == pytest.approx(150, rel=0.15)
    assert all(100 < size < 210 for size in sizes)


def test_what_is_cleaned_up_comes_back_little_by_little() -> None:
    simulator = Simulator(Options(sandboxes=150, births_per_minute=10, past_hours=1), ManualClock(NOW))
    for sandbox_id in _overdue(simulator):
        simulator.lifecycle.kill(simulator.now(), simulator.sandbox(sandbox_id))
    assert not _overdue(simulator)
    simulator.advance(4 * 3600)
    assert _overdue(simulator)


def test_without_births_the_fleet_stays_as_it_is() -> None:
    simulator = Simulator(Options(sandboxes=50, births_per_minute=0, past_hours=0), ManualClock(NOW))
    before = {sandbox.id for sandbox in simulator.fleet}
    simulator.advance(DAY)
    assert len(before) == 50
    assert {sandbox.id for sandbox in simulator.fleet} == before


def test_the_same_seed_and_clock_give_the_same_fleet_however_time_is_driven() -> None:
    options = Options(sandboxes=60, births_per_minute=3, past_hours=3, seed=7)
    stepped, leapt = Simulator(options, ManualClock(NOW)), Simulator(options, ManualClock(NOW))
    other = Simulator(Options(sandboxes=60, births_per_minute=3, past_hours=3, seed=8), ManualClock(NOW))
    for _ in range(90):
        stepped.advance(40)
    leapt.advance(3600)
    assert _told(stepped) == _told(leapt)
    assert [sandbox.metadata for sandbox in stepped.fleet] == [sandbox.metadata for sandbox in leapt.fleet]
    assert _told(stepped)[0] != _told(other)[0]


def test_the_census_agrees_with_the_fleet(day_old: Simulator) -> None:
    assert day_old.census.running == sum(sandbox.state == "running" for sandbox in day_old.fleet)


def test_a_busy_fleet_starts_in_seconds_with_a_shorter_past() -> None:
    began = time.process_time()
    simulator = Simulator(Options(sandboxes=2000, births_per_minute=300), ManualClock(NOW))
    assert time.process_time() - began < 15
    assert len(simulator.fleet) == pytest.approx(2000, rel=0.2)
    assert NOW - DAY < simulator.past_began < NOW
