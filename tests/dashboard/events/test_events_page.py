"""The Events page: what its columns say, what its links filter by, what it says of a bad address, and its chart."""

import re
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from events import search
from sandboxes.models import ExecutionEnd
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def read(person: Client, address: str = "/events/", *, rows: bool = False) -> str:
    answer = person.get(address, headers={"HX-Request": "true"} if rows else {})
    assert answer.status_code == 200
    return answer.content.decode()


def told(html: str) -> list[list[str]]:
    """The text of each cell of each row."""
    rows = re.findall(r"<tr data-key.*?</tr>", html, re.DOTALL)
    return [
        [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in rows
    ]


class TestRows:
    def test_row_says_what_happened_to_whose_sandbox(self, person: Client) -> None:
        box = records.sandbox("ia", owner="ada", template_name="web", started_at=NOW)
        ExecutionEnd.objects.create(sandbox=box, at=NOW + timedelta(seconds=3), end_at=NOW + 10 * MINUTE)
        at = NOW + timedelta(milliseconds=250)
        records.event("ia", timestamp=at, received_at=at + timedelta(seconds=0.4))
        assert told(read(person)) == [
            [
                "21 Aug 12:00:00.250",
                "created",
                "ia",
                "web",
                "ada",
                "2 vCPU, 512 MiB, ends in 10 min",
                "webhook",
                "+0.4 s",
            ]
        ]

    def test_update_that_moved_nothing_does_not_say_that_it_did(self, person: Client) -> None:
        box = records.sandbox("ia", started_at=NOW - 60 * MINUTE)
        for minutes, end_at in ((20, NOW + 55 * MINUTE), (10, NOW + 60 * MINUTE), (5, NOW + 60 * MINUTE)):
            ExecutionEnd.objects.create(sandbox=box, at=NOW - minutes * MINUTE, end_at=end_at)
        told_end = {"set_timeout": (NOW + 60 * MINUTE).isoformat()}
        for minutes in (10, 5):
            records.event("ia", "updated", timestamp=NOW - minutes * MINUTE, data=told_end)
        records.event("ia", "updated", source="observed", timestamp=NOW - 40 * MINUTE, data={"state": "paused"})
        assert [row[5] for row in told(read(person))] == [
            "end unchanged, 13:00",
            "end moved to 13:00, +5 min",
            "details changed, end unchanged",
        ]
        steps = person.get("/sandboxes/ia/").content.decode()
        assert steps.count("ends 13:00") == 1
        assert "end unchanged, 13:00; webhook" in steps

    def test_failure_of_the_backend_is_marked(self, person: Client) -> None:
        records.event("ia", "killed", data={"kill_reason": "resume_failed"})
        assert "#g-bad" in read(person, rows=True)

    def test_links_add_a_filter_to_those_in_force(self, person: Client) -> None:
        records.sandbox("ia", owner="ada, too", template_name="web")
        records.event("ia")
        html = read(person, "/events/?source=webhook", rows=True)
        assert f'href="?source=webhook&amp;owner={quote("ada", safe="")}%5C%2C+too"' in html
        assert 'href="?source=webhook&amp;template=web"' in html
        assert 'href="?source=webhook&amp;type=created"' in html
        assert 'href="/sandboxes/ia/"' in html

    def test_sandbox_that_is_not_on_record_still_has_its_row(self, person: Client) -> None:
        records.event("igone", template_id="tpl")
        assert told(read(person))[0][2:5] == ["igone", "tpl", "–"]

    def test_page_leads_on_with_its_filters(
        self, person: Client, monkeypatch: pytest.MonkeyPatch, now: datetime
    ) -> None:
        monkeypatch.setattr("dashboard.events.views.PAGE_ROWS", 2)
        for number in range(3):
            records.event(f"i{number}", timestamp=now - number * MINUTE)
        records.event("ikilled", "killed")
        first = read(person, "/events/?type=created")
        (more,) = re.findall(r'<a href="(\?[^"]*cursor[^"]*)" hx-get', first)
        rest = told(read(person, f"/events/{more.replace('&amp;', '&')}", rows=True))
        assert [row[2] for row in told(first) + rest] == ["i0", "i1", "i2"]

    def test_search_that_is_not_done_says_how_far_it_got(
        self, person: Client, monkeypatch: pytest.MonkeyPatch, now: datetime
    ) -> None:
        monkeypatch.setattr("dashboard.events.views.search.search", lambda *_, **__: search.Found([], "next", now))
        html = read(person, "/events/?text=x")
        assert f"Searched back to {now:%d %b %H:%M:%S} UTC." in " ".join(html.split())
        assert "No events match" not in html


class TestAddress:
    @pytest.mark.parametrize("bad", ["last=soon", "since=1h&until=2h", "source=rumour", "cursor=W10"])
    def test_bad_address_is_named_and_its_filters_stay(self, person: Client, bad: str) -> None:
        answer = person.get(f"/events/?owner=ada&{bad}")
        html = answer.content.decode()
        assert answer.status_code == 400
        assert "Invalid filter in the URL." in html
        assert '<input type="hidden" name="owner" value="ada">' in html
        assert 'aria-label="Remove the filter owner' in html

    def test_bad_value_can_be_taken_out_alone(self, person: Client) -> None:
        html = person.get("/events/?owner=ada&last=soon").content.decode()
        assert 'href="?owner=ada"' in html

    @pytest.mark.parametrize("path", ["chart/", "export.csv", "export.jsonl"])
    def test_bad_address_of_a_part_is_refused_in_words(self, person: Client, path: str) -> None:
        answer = person.get(f"/events/{path}?since=soon")
        assert answer.status_code == 400
        assert b"since must be a time" in answer.content

    def test_stream_of_a_time_that_is_over_is_not_followed(self, person: Client) -> None:
        assert "data-hold" in read(person, "/events/?last=1h")
        assert "data-hold" not in read(person, "/events/?until=1h")

    def test_hold_is_a_button_with_a_state_and_nothing_is_announced(self, person: Client) -> None:
        html = read(person)
        stream = html[html.index('class="filters"') : html.index("</main>")]
        assert 'aria-pressed="false" data-hold' in stream
        assert "aria-live" not in stream
        assert 'role="status"' not in stream


class TestChart:
    def test_lane_counts_its_type_and_filters_by_it(self, person: Client, now: datetime) -> None:
        for _ in range(3):
            records.event("ia", timestamp=now - 5 * MINUTE)
        records.event("ia", "killed", timestamp=now - 2 * 60 * MINUTE)
        html = read(person, "/events/chart/?source=webhook")
        counts = dict(re.findall(r"<span>(\w+)</span></a>.*?<b class=\"n\">(\d+)</b>", html, re.DOTALL))
        assert counts == {"created": "3", "resumed": "0", "paused": "0", "updated": "0", "killed": "0"}
        assert 'href="?source=webhook&amp;type=killed"' in html
        assert "3 from" in html

    def test_types_are_chosen_and_taken_out_one_by_one(self, person: Client) -> None:
        html = read(person, "/events/chart/?type=created,killed")
        assert html.count('aria-current="true"') == 2
        assert 'class="name" href="?type=killed" aria-current="true"' in html
        assert 'class="name" href="?type=created%2Ckilled%2Cpaused"' in html

    def test_other_types_stay_counted_beside_the_chosen_one(self, person: Client, now: datetime) -> None:
        records.event("ia", "killed", timestamp=now - MINUTE)
        assert '<b class="n">1</b>' in read(person, "/events/chart/?type=created")


class TestNew:
    def test_new_events_are_counted_by_the_filters(self, person: Client) -> None:
        after = records.event("ia").pk
        newest = records.event("ib").pk
        assert person.get(f"/events/new/?after={after}").json() == {"new": 1, "newest": newest, "most": 1000}
        assert person.get(f"/events/new/?after={after}&type=killed").json()["new"] == 0

    @pytest.mark.parametrize("query", ["", "after=x", "after=-1", f"after={'9' * 30}", "after=0&last=soon"])
    def test_bad_question_is_refused(self, person: Client, query: str) -> None:
        assert person.get(f"/events/new/?{query}").status_code == 400
