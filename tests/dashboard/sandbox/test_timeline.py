"""The steps of a sandbox's life in words."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import uuid4

import pytest

from dashboard.sandbox.timeline import action_step, event_step
from events.listing import EventRow
from sandboxes.models import Action

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


def test_step_of_an_action_says_nothing_twice() -> None:
    stopped = Action(
        kind="kill", actor_kind="policy", actor_name="old-staging", reason="old-staging", state="cancelled",
        outcome="cancelled by admin", requested_at=SEEN,
    )  # fmt: skip
    assert action_step(stopped).more == "by old-staging; cancelled by admin"
    asked = Action(kind="kill", actor_kind="user", actor_name="ada", reason="stuck", state="queued", requested_at=SEEN)
    assert action_step(asked).more == "by ada, stuck; queued"
