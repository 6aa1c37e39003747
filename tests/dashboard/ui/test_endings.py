"""How something ended, as pages say it: what E2B reported, what we did, what is inferred; vanished only otherwise."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboard.fleet import events_near
from dashboard.sandbox import timeline
from dashboard.ui import endings
from events.fold.merge import ASKED
from events.listing import EventQuery, list_events
from sandboxes.fleet.search import find
from sandboxes.models import Sandbox
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def ended(reason: str | None, *, planned: timedelta | None = HOUR, by_us: bool = False, **fields: Any) -> Sandbox:
    """One that ended now; its planned end lies `planned` after that."""
    end_at = None if planned is None else NOW + planned
    box = records.sandbox(state="ended", ended_at=NOW, end_reason=reason, end_at=end_at, **fields)
    if by_us:
        records.action(box, state="confirmed", outcome="killed", answered_at=NOW, actor_name="ada")
    return box


CASES = [
    ("timeout", timedelta(0), False, "timed out"),
    ("request", HOUR, False, "killed by request"),
    ("request", HOUR, True, "killed by us"),
    ("vanished", HOUR, True, "killed by us"),
    ("vanished", timedelta(0), False, "timed out (inferred)"),
    ("vanished", HOUR, False, "vanished"),
    ("vanished", None, False, "vanished"),
    ("out_of_disk", HOUR, False, "out of disk"),
    (None, HOUR, False, "reason not reported"),
]


@pytest.mark.parametrize(("reason", "planned", "by_us", "said"), CASES)
def test_ending_says_what_is_known(reason: str | None, planned: timedelta | None, by_us: bool, said: str) -> None:
    row = find(ended(reason, planned=planned, by_us=by_us).sandbox_id)
    assert row is not None
    assert endings.ending(row) == said


@pytest.mark.parametrize(("reason", "planned", "by_us", "said"), CASES)
def test_burst_of_ends_says_the_same(reason: str | None, planned: timedelta | None, by_us: bool, said: str) -> None:
    for _ in range(events_near.BURST):
        ended(reason, planned=planned, by_us=by_us)
    (told,) = [one.cause for one in events_near.happened(NOW) if one.sentence.endswith("ended")]
    assert told == said.replace("its planned", "their planned")


def test_rest_keeps_the_reason_word() -> None:
    row = find(ended("vanished", planned=timedelta(0)).sandbox_id)
    assert row is not None
    assert row.end_reason == "vanished"


def test_kill_of_a_former_life_ended_nothing_of_this_one() -> None:
    box = ended("timeout", planned=timedelta(0), started_at=NOW - HOUR)
    records.action(box, state="confirmed", outcome="killed", requested_at=NOW - 2 * HOUR)
    row = find(box.sandbox_id)
    assert row is not None
    assert (row.ended_by, endings.ending(row)) == (None, "timed out")


def test_last_run_says_how_it_ended() -> None:
    box = ended("request", by_us=True)
    times = (NOW - 3 * HOUR, NOW - 2 * HOUR), (NOW - HOUR, NOW)
    for (began, over), word, reason in zip(times, ("paused", "killed"), (None, "request"), strict=True):
        box.executions.create(key=f"{began}", started_at=began, ended_at=over, ended_by=word, end_reason=reason)
    said = [run.ended for run in timeline.runs(box.executions.all(), NOW, killed_by_us=True)]
    assert said == ["killed by us", "paused"]
    assert timeline.runs(box.executions.all(), NOW)[0].ended == "killed by request"


@pytest.mark.parametrize(
    ("end_at", "said"), [(NOW, "timed out (inferred)"), (NOW + HOUR, "vanished"), (None, "vanished")]
)
def test_run_that_vanished_says_whether_its_end_had_come(end_at: object, said: str) -> None:
    run = {"ended_at": NOW, "ended_by": "vanished", "end_reason": "vanished", "end_at": end_at}
    ended("vanished").executions.create(key="x", started_at=NOW - HOUR, **run)
    (told,) = timeline.runs(Sandbox.objects.get().executions.all(), NOW)
    assert told.ended == said


@pytest.mark.parametrize(
    ("source", "data", "word"),
    [
        ("webhook", {"kill_reason": "timeout"}, "killed"),
        ("observed", {ASKED: 7}, "killed by us"),
        ("observed", {"ended_at": NOW.isoformat(), "dated_by": "planned_end"}, "timed out (inferred)"),
        ("observed", {"ended_at": NOW.isoformat()}, "vanished"),
        ("observed", {}, "vanished"),
    ],
)
def test_event_of_an_end_says_what_is_known(source: str, data: dict[str, object], word: str) -> None:
    records.event("i1", "killed", source=source, data=data)
    (event,) = list_events(EventQuery()).items
    assert timeline.event_step(event).word == word


@pytest.mark.parametrize(
    ("by_us", "planned", "said", "in_the_list"),
    [
        (True, HOUR, "Killed by ada", "killed by us"),
        (False, timedelta(0), "Timed out (inferred)", "timed out (inferred)"),
        (False, HOUR, "Vanished from E2B’s list without an event", "vanished"),
    ],
)
@pytest.mark.usefixtures("static_files")
def test_pages_say_how_it_ended(client: Client, by_us: bool, planned: timedelta, said: str, in_the_list: str) -> None:
    client.force_login(get_user_model().objects.create_user("ada", password="x"))
    box = ended("vanished", planned=planned, by_us=by_us)
    assert said in client.get(f"/sandboxes/{box.sandbox_id}/").content.decode()
    listed = client.get("/sandboxes/?state=ended").content.decode()
    assert in_the_list in listed
