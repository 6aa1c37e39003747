"""What the Events page's filters match, as CSV and as JSON lines: whole, once each, harmless where it is opened."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.events import export
from tests.dashboard.sandboxes.test_export import read
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db(transaction=True)
DATA = {"sandbox_metadata": {"note": 'x,\n"y"'}}


def csv_rows(person: Client, address: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(read(person, f"/events/export.csv{address}")[1], newline="")))


def json_rows(person: Client, address: str = "") -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(person, f"/events/export.jsonl{address}")[1].splitlines()]


def test_both_have_what_matches_newest_first(person: Client) -> None:
    records.sandbox("ia", owner="=ada", template_name="web")
    for number, kind in enumerate(("killed", "created", "killed")):
        records.event("ia", kind, timestamp=NOW - timedelta(minutes=number), data=DATA, template_id="t1")
    rows, lines = csv_rows(person, "?type=killed"), json_rows(person, "?type=killed")
    assert [row["timestamp"] for row in rows] == ["2026-08-21T12:00:00Z", "2026-08-21T11:58:00Z"]
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert (rows[0]["owner"], rows[0]["template"], rows[0]["template_id"]) == ("'=ada", "web", "t1")
    assert lines[0]["owner"] == "=ada"
    assert json.loads(rows[0]["data"]) == lines[0]["data"] == DATA
    assert {row["account"] for row in rows} == {"default"}


def test_json_line_has_the_fields_of_rest(person: Client) -> None:
    records.event("ia")
    rest = Client().get("/api/v1/events", headers={"Authorization": f"Bearer {records.token()}"}).json()["items"][0]
    (line,) = json_rows(person)
    assert {name: line[name] for name in rest} == rest


def test_file_is_named_by_its_filters_and_marked_as_what_it_is(person: Client) -> None:
    answer, _ = read(person, "/events/export.csv?type=killed&last=1h")
    assert answer["Content-Disposition"].startswith('attachment; filename="events-killed-last-1-h-20')
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    answer, _ = read(person, "/events/export.jsonl")
    assert answer["Content-Type"] == "application/jsonl"
    assert answer["Content-Disposition"].endswith('Z.jsonl"')


def test_export_goes_on_over_pages_and_no_event_comes_twice(person: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 2)
    now = timezone.now()
    for number in range(5):
        records.event(f"i{number}", timestamp=now - timedelta(minutes=number // 2))
    assert [row["sandbox_id"] for row in csv_rows(person)] == ["i1", "i0", "i3", "i2", "i4"]


def test_export_of_nothing_is_a_whole_file(person: Client) -> None:
    assert read(person, "/events/export.csv")[1] == ",".join(f'"{name}"' for name in export.COLUMNS) + "\r\n"
    assert json_rows(person) == []
