"""Whatever is done to a fleet in whatever order, what it tells stays in agreement with itself."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import ManualClock, Simulator, empty
from simulator.errors import ApiError
from simulator.sandbox import Sandbox
from tests.support.search import examples

DEEDS = ("create", "auto_pause", "pause", "slow_pause", "resume", "kill", "time_out", "extend", "fork", "slow_fork")
Script = list[tuple[str, int, float]]
scripts = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 7), st.floats(0, 90, allow_nan=False)), min_size=1, max_size=40
)


def _play(script: Script) -> Simulator:
    simulator = Simulator(empty(), ManualClock())
    everyone: list[Sandbox] = []
    for deed, which, later in script:
        simulator.advance(later)
        if deed in ("create", "auto_pause"):
            on_timeout = "pause" if deed == "auto_pause" else "kill"
            everyone.append(simulator.create(timeout=60, on_timeout=on_timeout))
        elif everyone:
            sandbox = everyone[which % len(everyone)]
            with suppress(ApiError):
                if sandbox.alive:
                    _do(simulator, sandbox, deed, everyone)
    return simulator


def _do(simulator: Simulator, sandbox: Sandbox, deed: str, everyone: list[Sandbox]) -> None:
    now, lifecycle = simulator.now(), simulator.lifecycle
    if deed in ("pause", "slow_pause"):
        lifecycle.pause(now, sandbox, 7 if deed == "slow_pause" else 0)
    elif deed == "resume":
        lifecycle.resume(now, sandbox, 45)
    elif deed == "kill":
        lifecycle.kill(now, sandbox)
    elif deed == "time_out":
        lifecycle.kill(now, sandbox, "timeout")
    elif deed == "extend" and sandbox.state == "running":
        lifecycle.set_end(now, sandbox, now + 120)
    elif deed in ("fork", "slow_fork"):
        everyone += lifecycle.fork(now, sandbox, 30, 1, 3 if deed == "slow_fork" else 0)


@settings(max_examples=examples(150), deadline=None)
@given(script=scripts)
def test_list_census_and_runs_agree(script: Script) -> None:
    simulator = _play(script)
    fleet = simulator.fleet
    listed = list(fleet.by_start(None, newest_first=True))
    assert set(listed) == set(fleet)
    assert len(listed) == len(fleet)
    assert [sandbox.started for sandbox in listed] == sorted((s.started for s in listed), reverse=True)
    assert listed == list(fleet.by_start(None, newest_first=False))[::-1]
    assert simulator.census.running == sum(sandbox.state == "running" for sandbox in fleet)
    for sandbox in fleet:
        assert (sandbox.run.ended is None) == (sandbox.state == "running")
        assert all(run.ended is not None and run.started <= run.ended for run in sandbox.runs[:-1])


@settings(max_examples=examples(150), deadline=None)
@given(script=scripts)
def test_the_events_tell_every_run_once(script: Script) -> None:
    simulator = _play(script)
    told = simulator.journal.page(None, (), oldest_first=True, offset=0, limit=10_000)
    assert [event.at for event in told] == sorted(event.at for event in told)
    assert len({event.id for event in told}) == len(told)
    begun = [event.execution_id for event in told if event.kind in ("created", "resumed")]
    ended = [event.execution_id for event in told if event.kind in ("paused", "killed")]
    assert len(set(begun)) == len(begun)
    assert len(set(ended)) == len(ended)
    running = {sandbox.run.execution_id for sandbox in simulator.fleet if sandbox.state == "running"}
    assert set(begun) - set(ended) == running
