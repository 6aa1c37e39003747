"""Looking for events: what matches is found, a page reads a bounded stretch, counts are by type and step."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from events import search
from events.ends import ends_after, ends_before
from events.listing import EventQuery, after, list_events, matching
from sandboxes.fleet.search import QueryError, cursors
from sandboxes.models import ExecutionEnd
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def found(**asked: Any) -> list[str]:
    return [event.sandbox_id for event in search.search(EventQuery(**asked)).events]


def pages(query: EventQuery, limit: int, window: int) -> list[search.Found]:
    """Every page until the last."""
    told, cursor = [], None
    while True:
        page = search.search(query, limit=limit, cursor=cursor, window=window)
        told.append(page)
        if page.next is None:
            return told
        cursor = page.next


class TestFilters:
    def test_several_types(self) -> None:
        for kind in ("created", "killed", "paused"):
            records.event(kind, kind)
        assert sorted(found(type="created, sandbox.lifecycle.killed")) == ["created", "killed"]

    def test_owner_and_template_are_the_sandboxes(self) -> None:
        records.sandbox("ia", owner="ada", template_id="t1", template_name="web")
        records.sandbox("ib", owner="bob", template_id="t2")
        for name in ("ia", "ib", "iunknown"):
            records.event(name)
        records.event("iforgotten", template_id="t1")
        assert found(owner=("ada",)) == ["ia"]
        assert sorted(found(owner=("ada", "bob"))) == ["ia", "ib"]
        assert sorted(found(template=("t1",))) == ["ia", "iforgotten"]
        assert found(template=("web",)) == ["ia"]

    def test_text_is_of_id_owner_or_data(self) -> None:
        records.sandbox("ia", owner="Ada Lovelace")
        records.event("ia")
        records.event("ib", data={"kill_reason": "resume_failed"})
        records.event("i50%")
        assert found(text="lovelace") == ["ia"]
        assert found(text="RESUME_f") == ["ib"]
        assert found(text="0%") == ["i50%"]
        assert found(text="nothing like it") == []

    def test_owner_of_another_account_is_not_asked_about(self) -> None:
        records.sandbox("ia", owner="ada", of=records.account("other"))
        records.event("ia", of=records.account("default"))
        assert found(owner=("ada",), account="default") == []

    @pytest.mark.parametrize("name", ["text", "owner", "template"])
    def test_a_nul_is_found_nowhere(self, name: str) -> None:
        with pytest.raises(QueryError):
            EventQuery(**dict[str, Any]({name: "a\0" if name == "text" else ("a\0",)}))


class TestWindow:
    def test_pages_meet_every_match_once_across_windows(self) -> None:
        for number in range(20):
            records.event(
                f"i{number:02}", "killed" if number % 5 == 0 else "created", timestamp=NOW - MINUTE * (number // 3)
            )
        told = pages(EventQuery(type="killed"), 2, 4)
        assert sorted(event.sandbox_id for page in told for event in page.events) == ["i00", "i05", "i10", "i15"]
        assert [page.searched_to for page in told][-1] is None

    def test_page_that_found_too_little_says_how_far_it_looked(self) -> None:
        for number in range(10):
            records.event(f"i{number}", timestamp=NOW - MINUTE * number)
        page = search.search(EventQuery(type="killed"), window=4)
        assert (page.events, page.searched_to) == ([], NOW - 3 * MINUTE)
        assert page.next is not None

    def test_record_of_exactly_one_window_is_read_to_its_end(self) -> None:
        for number in range(4):
            records.event(f"i{number}", timestamp=NOW - MINUTE * number)
        page = search.search(EventQuery(), window=4)
        assert (len(page.events), page.next, page.searched_to) == (4, None, None)

    def test_one_sandbox_is_read_whole(self) -> None:
        for number in range(6):
            records.event(f"i{number}", timestamp=NOW - MINUTE * number)
        assert [event.sandbox_id for event in search.search(EventQuery(sandbox="i5"), window=2).events] == ["i5"]

    def test_foreign_cursor_is_refused(self) -> None:
        with pytest.raises(QueryError):
            search.search(EventQuery(), cursor="W10")

    def test_superseded_observation_is_not_found(self) -> None:
        records.event("a", "vanished", source="observed", superseded=True)
        assert found() == []

    def test_cursor_and_end_of_the_window_are_conditions_of_the_index(self) -> None:
        records.event("a")
        cursor = cursors.by_time(NOW, 5)
        page = after(matching(EventQuery()), cursor).filter(search._not_before((NOW - MINUTE, 1)))
        with connection.cursor() as session:
            session.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
            )
        plan = page.order_by("-timestamp", "-id").explain()
        (condition,) = [line for line in plan.splitlines() if "Index Cond" in line]
        assert '"timestamp" <=' in condition
        assert '"timestamp" >=' in condition

    def test_list_of_rest_goes_on_behind_its_cursor(self) -> None:
        for number in range(3):
            records.event(f"i{number}", timestamp=NOW - MINUTE * number)
        first = list_events(EventQuery(), limit=2)
        assert [one.sandbox_id for one in list_events(EventQuery(), cursor=first.next).items] == ["i2"]


class TestCounts:
    def test_counts_are_by_type_and_step(self) -> None:
        for seconds, kind in ((1, "created"), (2, "created"), (61, "created"), (62, "killed"), (600, "killed")):
            records.event("a", kind, timestamp=NOW + timedelta(seconds=seconds))
        told = search.counts(EventQuery(), NOW, NOW + 5 * MINUTE, MINUTE)
        assert told == search.Counts({"created": {0: 2, 1: 1}, "killed": {1: 1}})

    def test_counts_keep_to_the_filters(self) -> None:
        records.event("a", source="observed")
        records.event("b")
        assert search.counts(EventQuery(source="observed"), NOW, NOW + MINUTE, MINUTE).of == {"created": {0: 1}}

    def test_too_many_are_counted_from_the_newest_on(self) -> None:
        for number in range(6):
            records.event("a", timestamp=NOW + MINUTE * number)
        told = search.counts(EventQuery(), NOW, NOW + 6 * MINUTE, MINUTE, most=2)
        assert told == search.Counts({"created": {4: 1, 5: 1}}, NOW + 4 * MINUTE)


class TestNew:
    def test_new_ones_are_counted_by_arrival(self) -> None:
        before = records.event("a").pk
        records.event("late", timestamp=NOW - 60 * MINUTE)
        records.event("other", "killed")
        assert search.new(EventQuery(type="created"), before) == 1
        assert search.new(EventQuery(), search.newest_key()) == 0

    def test_empty_record_has_no_newest(self) -> None:
        assert search.newest_key() == 0


class TestEnds:
    def test_end_before_is_the_last_one_reported_until_then_in_the_same_run(self) -> None:
        box = records.sandbox("ia", started_at=NOW)
        box.executions.create(key="e1", started_at=NOW - 60 * MINUTE)
        box.executions.create(key="e2", started_at=NOW)
        for at, end in ((-30, -10), (1, 10), (2, 20), (3, 30)):
            ExecutionEnd.objects.create(sandbox=box, at=NOW + MINUTE * at, end_at=NOW + MINUTE * end)
        asked = [(box.pk, NOW + MINUTE * at) for at in (3, 1, -29, 2)]
        assert ends_before(asked) == [NOW + 20 * MINUTE, None, NOW - 10 * MINUTE, NOW + 10 * MINUTE]

    def test_end_after_a_start_is_the_first_reported_soon_after_it(self) -> None:
        box = records.sandbox("ia", started_at=NOW)
        for at, end in ((-1, 1), (1, 10), (1.5, 20)):
            ExecutionEnd.objects.create(sandbox=box, at=NOW + MINUTE * at, end_at=NOW + MINUTE * end)
        assert ends_after([(box.pk, NOW), (box.pk, NOW + 10 * MINUTE)]) == [NOW + 10 * MINUTE, None]

    def test_no_question_is_no_statement(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            assert ends_before([]) == ends_after([]) == []
