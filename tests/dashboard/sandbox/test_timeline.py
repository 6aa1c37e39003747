"""The steps of a sandbox's life in words."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import uuid4

import pytest

from dashboard.sandbox.timeline import event_step
from events.listing import EventRow

SEEN = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def created(source: Literal["webhook", "reconcile", "observed"], started: datetime) -> EventRow:
    data = {"started_at": started.isoformat()}
    return EventRow(uuid4(), "sandbox.lifecycle.created", "i1", None, SEEN, SEEN, source, data)


@pytest.mark.parametrize(
    ("source", "age", "word"),
    [
        ("observed", timedelta(days=3), "first detected"),
        ("observed", timedelta(seconds=40), "created"),
        ("webhook", timedelta(days=3), "created"),
    ],
)
def test_a_birth_that_nobody_saw_is_called_a_first_sight(
    source: Literal["webhook", "reconcile", "observed"], age: timedelta, word: str
) -> None:
    assert event_step(created(source, SEEN - age)).word == word
