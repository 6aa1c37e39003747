"""The record of events: newest first, each once, page by page."""

from datetime import timedelta
from typing import Any

import pytest

from events.listing import EventQuery, list_events
from sandboxes.fleet.search import QueryError
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db


def test_pages_meet_every_event_once_also_at_the_same_second() -> None:
    for number in range(7):
        records.event(f"i{number}", timestamp=NOW - timedelta(seconds=number // 3))
    found, cursor = [], None
    while True:
        page = list_events(EventQuery(), limit=2, cursor=cursor)
        found += [event.sandbox_id for event in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == ["i2", "i1", "i0", "i5", "i4", "i3", "i6"]
    assert page.total == 7


def test_a_superseded_observation_is_in_no_list_and_no_count() -> None:
    records.event("a", "vanished", source="observed", superseded=True)
    records.event("a", "killed")
    page = list_events(EventQuery())
    assert ([event.type for event in page.items], page.total) == (["sandbox.lifecycle.killed"], 1)


def test_a_type_is_whole_or_its_last_word() -> None:
    records.event("a", "killed")
    records.event("b", "killed.twice")
    assert [event.sandbox_id for event in list_events(EventQuery(type="killed")).items] == ["a"]
    assert list_events(EventQuery(type="sandbox.lifecycle.killed")).total == 1
    assert list_events(EventQuery(type="%")).total == 0


def test_since_and_until_are_half_open() -> None:
    for seconds in (0, 1, 2):
        records.event(f"i{seconds}", timestamp=NOW + timedelta(seconds=seconds))
    query = EventQuery(since=NOW, until=NOW + timedelta(seconds=2))
    assert [event.sandbox_id for event in list_events(query).items] == ["i1", "i0"]


def test_the_simulated_fleet_is_out_of_sight_beside_a_real_one() -> None:
    records.event("demo", of=records.account("demo", simulated=True))
    records.event("real", of=records.account("default"))
    assert [event.sandbox_id for event in list_events(EventQuery()).items] == ["real"]


def test_owner_has_the_events_of_its_own_sandboxes() -> None:
    other = records.account("other")
    records.sandbox("mine", owner="ada")
    records.sandbox("theirs", owner="bob")
    records.sandbox("twin", owner="ada")
    records.sandbox("twin", of=other, owner="bob")
    for name in ("mine", "theirs", "twin"):
        records.event(name)
    records.event("twin", of=other)
    page = list_events(EventQuery(owner=("ada",)))
    assert (sorted(event.sandbox_id for event in page.items), page.total) == (["mine", "twin"], 2)


@pytest.mark.parametrize("name", ["type", "sandbox", "account", "owner"])
def test_a_nul_is_found_nowhere(name: str) -> None:
    with pytest.raises(QueryError):
        EventQuery(**dict[str, Any]({name: "a\0"}))


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "WyIyMDI2LTA4LTIxVDEyOjAwOjAwIiwxXQ"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(QueryError):
        list_events(EventQuery(), cursor=cursor)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(QueryError):
        EventQuery(source="rumour")
