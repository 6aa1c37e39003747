"""After a fault: every 202 is in the record, nothing twice, and each sandbox is the fold of its events."""

from collections import defaultdict
from datetime import datetime

from events.fold import Base, View, fold, view
from events.fold.base import moment
from events.wire import Event
from tests.events.faults.deliveries import events
from tests.events.faults.stack import Stack

EVENTS = "SELECT event_id FROM events_lifecycleevent WHERE starts_with(sandbox_id, %s)"
SANDBOXES = """
SELECT sandbox_id, state, created_at, started_at, end_at, ended_at, end_reason
FROM sandboxes_sandbox WHERE starts_with(sandbox_id, %s)"""
RUNS = """
SELECT s.sandbox_id, e.key, e.started_at, e.ended_at, e.ended_by, e.end_reason, e.execution_ms
FROM sandboxes_execution e JOIN sandboxes_sandbox s ON s.id = e.sandbox_id
WHERE starts_with(s.sandbox_id, %s) ORDER BY e.started_at, e.key"""
PARKED = "SELECT count(*) FROM events_delivery WHERE state = 'parked' AND position(%s in encode(body, 'escape')) > 0"


def check(stack: Stack, name: str, bodies: list[bytes]) -> None:
    """That the record holds `bodies`, which were all answered 202, of sandboxes whose IDs begin with `name`."""
    sent = events(bodies)
    kept = [row[0] for row in stack.ask(EVENTS, name)]
    assert len(kept) == len(set(kept)), "an event is kept twice"
    assert set(kept) == {event.id for event in sent}, "what was answered 202 is what is kept"
    assert stack.ask(PARKED, name) == [(0,)]
    expected = {sandbox: _folded(told) for sandbox, told in _by_sandbox(sent).items()}
    assert {row[0]: row[1:] for row in stack.ask(SANDBOXES, name)} == {k: _row(v) for k, v in expected.items()}
    runs = defaultdict(list)
    for sandbox, *run in stack.ask(RUNS, name):
        runs[sandbox].append(tuple(run))
    assert runs == {sandbox: _runs(found) for sandbox, found in expected.items()}


def _by_sandbox(sent: list[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in sent:
        found[event.sandbox_id].append(event)
    return found


def _folded(told: list[Event]) -> View:
    base = Base()
    for event in told:
        fold(base, event)
    return view(base)


def _row(found: View) -> tuple[object, ...]:
    times = [_moment(getattr(found, name)) for name in ("created_at", "started_at", "end_at", "ended_at")]
    return found.state, *times, found.end_reason


def _runs(found: View) -> list[tuple[object, ...]]:
    return [
        (run.key, _moment(run.started_at), _moment(run.ended_at), run.ended_by, run.end_reason, run.execution_ms)
        for run in found.runs
    ]


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)
