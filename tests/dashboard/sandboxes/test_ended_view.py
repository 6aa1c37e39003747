"""Who died: the Ended view, what filters it, and links into it; facets count what the filter leaves."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from dashboard.sandboxes import columns, filters
from dashboard.templatetags.fleet import ended_reasons
from sandboxes.fleet.search import QueryError, SandboxQuery, count_by, search
from tests.support import records
from tests.support.records import NOW

HOUR = timedelta(hours=1)


def died(name: str, ago: timedelta, reason: str | None = "timeout", **fields: Any) -> None:
    records.sandbox(name, state="ended", started_at=NOW - ago - HOUR, ended_at=NOW - ago, end_reason=reason, **fields)


def ids(query: SandboxQuery) -> list[str]:
    return [row.id for row in search(query, now=NOW).items]


def shown(person: Client, address: str) -> Any:
    return person.get(f"/sandboxes/{address}").context


@pytest.fixture
def dead(db: None) -> None:
    died("fresh", timedelta(minutes=5))
    died("oom", timedelta(minutes=90), "request", probable_cause={"cause": "out_of_memory", "evidence": "99%"})
    died("gone", timedelta(hours=30), "vanished", owner="ada")
    died("mute", timedelta(hours=40), None)
    records.sandbox("alive", owner="ada")


ENDED = ("ended",)


@pytest.mark.usefixtures("dead")
@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"reason": "timeout"}, ["fresh"]),
        ({"reason": ("vanished", "unknown")}, ["gone", "mute"]),
        ({"cause": "out_of_memory"}, ["oom"]),
        ({"ended_since": NOW - 2 * HOUR}, ["fresh", "oom"]),
        ({"ended_until": NOW - 2 * HOUR}, ["gone", "mute"]),
        ({"created_until": NOW - 35 * HOUR}, ["mute"]),
        ({"created_since": NOW - 2 * HOUR}, ["fresh"]),
    ],
)
def test_each_filter_of_the_dead(given: dict[str, Any], found: list[str]) -> None:
    assert ids(SandboxQuery(states=ENDED, order="-ended_at", **given)) == found


@pytest.mark.usefixtures("dead")
def test_ended_at_orders_both_ways() -> None:
    assert ids(SandboxQuery(states=ENDED, order="ended_at")) == ["mute", "gone", "oom", "fresh"]


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(QueryError, match="ended_since must name its zone"):
        SandboxQuery(ended_since=NOW.replace(tzinfo=None))


def test_end_that_is_over_is_not_near(db: None) -> None:
    records.sandbox("soon", end_at=NOW + timedelta(seconds=100))
    records.sandbox("late", end_at=NOW - timedelta(seconds=100))
    records.sandbox("asleep", state="paused", paused_at=NOW, end_at=NOW - timedelta(seconds=100))
    assert ids(SandboxQuery(ends_within=300)) == ["soon"]
    assert ids(SandboxQuery(past_end=60)) == ["late"]
    assert ids(SandboxQuery(past_end=200)) == []


def test_paused_one_lacks_no_sample(db: None) -> None:
    records.sandbox("new")
    records.sandbox("asleep", state="paused", paused_at=NOW)
    assert ids(SandboxQuery(no_sample=True)) == ["new"]
    assert ids(SandboxQuery(no_sample=False)) == ["asleep"]


def test_cpu_under_a_limit(db: None) -> None:
    hot, cold = records.sandbox("hot"), records.sandbox("cold")
    records.frame({hot.pk: records.Reading(cpu=80), cold.pk: records.Reading(cpu=1)})
    assert ids(SandboxQuery(cpu_max=80)) == ["cold"]


@pytest.mark.usefixtures("dead")
def test_view_has_its_own_columns_and_order(person: Client) -> None:
    context = shown(person, "?state=ended")
    assert [column.name for column in context["columns"]] == list(columns.USUAL_OF_ENDED)
    assert [row.id for row in context["page"].items] == ["fresh", "oom", "gone", "mute"]
    sorts = {heading.column.name: heading.sort for heading in context["headings"] if heading.sort}
    assert sorts == {"ended": "descending"}
    page = person.get("/sandboxes/?state=ended").content.decode()
    assert "out of memory" in page
    assert "reason not reported" in page


@pytest.mark.usefixtures("dead")
def test_facets_of_the_dead_are_reason_and_cause_and_count_what_is_left(person: Client) -> None:
    def facets(address: str) -> dict[str, dict[str, int]]:
        found = person.get(f"/table/facets/{address}").context["facets"]
        return {title: {value.shown: value.count for value in values} for title, values in found}

    whole = facets("?state=ended")
    assert "State" not in whole
    assert whole["Reason"] == {"timed out": 1, "killed by request": 1, "vanished": 1, "reason not reported": 1}
    assert whole["Probable cause"] == {"out of memory": 1}
    assert whole["Owner"] == {"ada": 1}
    assert facets("?state=ended&owner=ada")["Reason"] == {"vanished": 1}
    chosen = facets("?state=ended&reason=timeout")
    assert chosen["Reason"] == whole["Reason"], "a facet does not count under its own filter"
    assert "Owner" not in chosen


def test_tokens_say_reason_and_cause_as_people_do() -> None:
    told = filters.tokens({"reason": "request,vanished", "cause": "out_of_memory"})
    assert [one.value for one in told] == ["killed by request or vanished", "out of memory"]


@pytest.mark.usefixtures("dead")
def test_cause_is_offered_where_there_are_no_facets(person: Client) -> None:
    offered = '<select class="input" name="cause">'
    assert offered in person.get("/sandboxes/?state=ended").content.decode()
    assert offered not in person.get("/sandboxes/").content.decode()


def test_facets_of_the_living_move_with_the_filter(person: Client) -> None:
    records.sandbox("a", owner="ada", environment="prod", metadata={"region": "eu", "n": "1"})
    records.sandbox("b", owner="bob", environment="prod", metadata={"region": "us", "n": "1"})
    records.sandbox("c", owner="bob", environment="dev", state="paused", metadata={"region": "us", "n": "1"})

    def counted(address: str, title: str) -> dict[str, int]:
        found = dict(person.get(f"/table/facets/{address}").context["facets"])
        return {value.word: value.count for value in found.get(title, [])}

    assert counted("", "Owner") == {"ada": 1, "bob": 2}
    assert counted("?environment=prod", "Owner") == {"ada": 1, "bob": 1}
    assert counted("?environment=prod", "Environment") == {"prod": 2, "dev": 1}
    assert counted("?owner=bob", "State") | {"no sample": 1} == counted("?owner=bob", "State")
    assert counted("?owner=bob", "State")["running"] == 1
    assert counted("?state=paused", "State")["running"] == 2
    assert counted("?state=paused", "Owner") == {"bob": 1}


def test_values_of_a_key_are_counted_under_the_other_filters(person: Client) -> None:
    for number in range(12):
        owner = "ada" if number % 3 else "bob"
        records.sandbox(owner=owner, metadata={"region": "eu" if number < 6 else "us"})
    found = dict(person.get("/table/facets/?owner=bob").context["facets"])["metadata.region"]
    assert {value.word: value.count for value in found} == {"eu": 2, "us": 2}


@pytest.mark.usefixtures("dead")
def test_counts_by_two_columns() -> None:
    rows = count_by(SandboxQuery(states=ENDED), ["reason", "owner"], now=NOW)
    assert sorted(rows, key=str) == [
        ("request", None, 1),
        ("timeout", None, 1),
        ("unknown", None, 1),
        ("vanished", "ada", 1),
    ]


@pytest.mark.parametrize(
    ("text", "since"),
    [("1h", NOW - HOUR), ("2026-08-20T10:00:00Z", None), ("2026-08-20 10:00", None)],
)  # fmt: skip
def test_times_are_lengths_or_moments(text: str, since: Any) -> None:
    found = filters.query_of({"state": "ended", "ended_since": text}, NOW).ended_since
    assert found == (since or NOW.replace(2026, 8, 20, 10, 0, 0, 0))
    assert filters.tokens({"ended_since": text})[0].name == "ended"


@pytest.mark.parametrize("text", ["soon", "-3h", "2026-13-01", "99999999999999d"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(QueryError, match="ended_since"):
        filters.query_of({"ended_since": text}, NOW)


def test_reasons_that_need_a_look_come_first_and_none_is_left_out() -> None:
    told = ended_reasons({"timeout": 900, "vanished": 30, "request": 200, "unknown": 12})
    assert [(reason, n) for reason, n, _ in told] == [
        ("vanished", 30),
        ("unknown", 12),
        ("timeout", 900),
        ("request", 200),
    ]
    assert told[0][2] == "/sandboxes/?state=ended&ended_since=1h&reason=vanished"
