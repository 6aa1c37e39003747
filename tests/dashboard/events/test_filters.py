"""The address of the Events page: times in several forms, tokens that say and remove each filter, what is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.events.filters import asked_of, query_of, tokens
from sandboxes.fleet.search import QueryError

NOW = datetime(2026, 8, 21, 12, 0, 20, tzinfo=UTC)
TEN = datetime(2026, 8, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "since", "until"),
    [
        ({}, None, None),
        ({"last": "1h"}, NOW - timedelta(hours=1), None),
        ({"last": "90"}, NOW - timedelta(seconds=90), None),
        ({"since": "2h"}, NOW - timedelta(hours=2), None),
        ({"since": "2026-08-21T10:00:00Z", "until": "30m"}, TEN, NOW - timedelta(minutes=30)),
        ({"since": "2026-08-21T12:00:00+02:00"}, TEN, None),
        ({"since": "2026-08-21 10:00"}, TEN, None),
        ({"since": "2026-08-21T10:00"}, TEN, None),
        ({"since": "2026-08-21T10:00:00"}, TEN, None),
        ({"until": "2026-08-21"}, None, datetime(2026, 8, 21, tzinfo=UTC)),
        ({"since": str(int(TEN.timestamp()))}, TEN, None),
    ],
)
def test_time_is_said_in_several_forms(asked: dict[str, str], since: datetime | None, until: datetime | None) -> None:
    query = query_of(asked, NOW).query
    assert (query.since, query.until) == (since, until)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ({}, NOW - timedelta(hours=1), NOW),
        ({"last": "24h"}, NOW - timedelta(hours=24), NOW),
        ({"until": "2026-08-21T10:00:00Z"}, TEN - timedelta(hours=1), TEN),
        ({"since": "2026-08-21T10:00:00Z", "until": "2027-01-01"}, TEN, NOW),
        ({"since": "1970-01-01"}, NOW - timedelta(days=90), NOW),
        ({"since": "9999-12-31"}, NOW, NOW),
    ],
)
def test_chart_shows_the_time_asked_for_as_far_as_there_can_be_events(
    asked: dict[str, str], start: datetime, end: datetime
) -> None:
    told = query_of(asked, NOW)
    assert (told.start, told.end) == (start, end)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"last": "soon"}, "last"),
        ({"last": "0"}, "last"),
        ({"last": "400d"}, "last"),
        ({"last": "9" * 400}, "last"),
        ({"last": "1h", "since": "2h"}, "last"),
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-13-01"}, "until"),
        ({"since": "1h", "until": "2h"}, "before"),
        ({"source": "rumour"}, "source"),
        ({"type": ","}, "type"),
        ({"owner": "\0"}, "NUL"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(asked: dict[str, str], named: str) -> None:
    with pytest.raises(QueryError, match=named):
        query_of(asked, NOW)


def test_every_filter_is_a_token_that_takes_itself_out() -> None:
    asked = asked_of(
        {"type": "created,killed", "owner": "a\\,b", "last": "90m", "cursor": "x", "odd": "1", "text": " "}
    )
    assert [(one.name, one.verb, one.value) for one in tokens(asked)] == [
        ("type", "is", "created or killed"),
        ("owner", "is", "a,b"),
        ("time", "last", "1 h 30 min"),
    ]
    assert tokens(asked)[0].without == "?owner=a%5C%2Cb&last=90m"


@pytest.mark.parametrize("name", ["last", "since", "until"])
def test_token_of_a_bad_value_shows_it_as_it_is(name: str) -> None:
    assert [one.value for one in tokens({name: "soon"})] == ["soon"]


def test_token_of_a_time_is_exact() -> None:
    assert tokens({"since": "2026-08-21 10:00"})[0].value == "21 Aug 10:00:00 UTC"
    assert tokens({"since": "2h"})[0].value == "2h"
