"""What events say: an end that moved and by how much, one that did not, size and timeout of a start, why it ended."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import pytest

from dashboard.events.words import Beside, failed, notes
from dashboard.sandbox.timeline import event_step
from events.listing import EventRow

AT = datetime(2026, 8, 21, 14, 30, tzinfo=UTC)
Source = Literal["webhook", "reconcile", "observed"]


def event(kind: str, source: Source = "webhook", **data: Any) -> EventRow:
    return EventRow(uuid4(), f"sandbox.lifecycle.{kind}", "i1", None, AT, AT, source, data or None)


def ends(after: timedelta) -> dict[str, Any]:
    return {"set_timeout": (AT + after).isoformat()}


HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("before", "said", "word"),
    [
        (AT + timedelta(minutes=25), "end moved to 15:00, +5 min", "ends 15:00"),
        (AT + timedelta(minutes=40), "end moved to 15:00, -10 min", "ends 15:00"),
        (AT + HALF_AN_HOUR, "end unchanged, 15:00", "updated"),
        (AT + HALF_AN_HOUR + timedelta(seconds=1), "end unchanged, 15:00", "updated"),
        (None, "ends 15:00", "ends 15:00"),
    ],
)
def test_update_says_its_end_moved_only_where_it_did(before: datetime | None, said: str, word: str) -> None:
    told, beside = event("updated", **ends(HALF_AN_HOUR)), Beside(end_before=before)
    assert notes(told, beside) == [said]
    assert event_step(told, beside).word == word


def test_lane_says_by_how_much_the_end_moved_once() -> None:
    step = event_step(event("updated", **ends(HALF_AN_HOUR)), Beside(end_before=AT + timedelta(minutes=25)))
    assert (step.word, step.more) == ("ends 15:00", "+5 min; webhook")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (event("updated", "observed", state="paused", alias="a"), ["details changed, end unchanged"]),
        (event("updated", network_egress={}), ["network access changed"]),
        (event("updated"), []),
        (event("updated", set_timeout=None), ["timeout removed"]),
        (event("updated", set_timeout="soon"), []),
        (event("updated", **ends(timedelta(days=1))), ["ends 22 Aug 14:30"]),
    ],
)
def test_update_without_an_end_never_says_that_it_moved(told: EventRow, said: list[str]) -> None:
    assert notes(told) == said
    assert event_step(told).word in {"updated", "ends 22 Aug 14:30"}


def test_start_says_size_and_timeout() -> None:
    beside = Beside(end_after=AT + timedelta(minutes=10), cpu_count=2, memory_mb=512)
    assert notes(event("created"), beside) == ["2 vCPU", "512 MiB", "ends in 10 min"]
    assert notes(event("resumed"), beside) == ["2 vCPU", "512 MiB", "ends in 10 min"]
    seen = event("created", "observed", cpu_count=0.5, memory_mb=1024, **ends(timedelta(minutes=5)))
    assert notes(seen, beside) == ["0.5 vCPU", "1 GiB", "ends in 5 min"]
    assert notes(event("created")) == []


def test_end_says_how_long_it_ran_and_why() -> None:
    assert notes(event("killed", execution={"execution_time": 1_440_000}, kill_reason="request")) == [
        "ran 24 min",
        "killed by request",
    ]


def test_only_failures_of_the_backend_are_marked() -> None:
    assert failed(event("killed", kill_reason="resume_failed"))
    assert not failed(event("killed", kill_reason="timeout"))
    assert not failed(event("created"))
