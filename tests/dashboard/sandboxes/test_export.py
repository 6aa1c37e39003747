"""The list as a file: all that match, in its order, page by page, and harmless where it is opened."""

import asyncio
import csv
import io
import json
import re
import tracemalloc
from collections.abc import AsyncIterator
from typing import cast

import pytest
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client

from dashboard.sandboxes import export, sheets
from dashboard.ui import csv_text
from tests.support import records


def read(person: Client, address: str) -> tuple[StreamingHttpResponse, str]:
    """A download, taken as ASGI takes it."""

    async def taken() -> tuple[StreamingHttpResponse, str]:
        client = AsyncClient()
        client.cookies = person.cookies
        answer = cast("StreamingHttpResponse", await client.get(address))
        parts = [part async for part in cast("AsyncIterator[bytes]", answer.streaming_content)]
        return answer, b"".join(parts).decode()

    return asyncio.run(taken())


@pytest.mark.django_db(transaction=True)
class TestTheFile:
    def test_csv_has_what_matches_in_the_order_of_the_table(self, person: Client) -> None:
        for name in "bca":
            records.sandbox(f"i{name}", owner="ada")
        records.sandbox("iother", owner="bob")
        answer, text = read(person, "/sandboxes/export.csv?owner=ada&order=id")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["id"] for row in rows] == ["ia", "ib", "ic"]
        assert answer["Content-Type"].startswith("text/csv")
        assert 'filename="sandboxes-ada-' in answer["Content-Disposition"]

    def test_json_has_the_fields_of_rest(self, person: Client) -> None:
        records.sandbox("ione", metadata={"run": "9f"})
        records.token("robot")
        told = json.loads(read(person, "/sandboxes/export.json")[1])
        rest = Client().get("/api/v1/sandboxes", headers={"Authorization": f"Bearer {records.token('other')}"}).json()
        assert set(told["items"][0]) == set(rest["items"][0])
        assert told["items"][0]["metadata"] == {"run": "9f"}

    def test_an_empty_list_is_a_whole_file(self, person: Client) -> None:
        assert json.loads(read(person, "/sandboxes/export.json")[1])["items"] == []
        assert read(person, "/sandboxes/export.csv")[1].splitlines() == [
            ",".join(f'"{name}"' for name in sheets.COLUMNS)
        ]

    def test_it_goes_on_over_pages_and_no_row_comes_twice(
        self, person: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "PAGE_ROWS", 3)
        made = {records.sandbox().sandbox_id for _ in range(8)}
        found = [one["id"] for one in json.loads(read(person, "/sandboxes/export.json")[1])["items"]]
        assert (len(found), set(found)) == (8, made)

    def test_the_generator_holds_one_page_however_long_the_list(
        self, person: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "PAGE_ROWS", 20)
        for _ in range(20):
            records.sandbox(metadata={"note": "x" * 2000})
        few = _most_bytes(person)
        for _ in range(180):
            records.sandbox(metadata={"note": "x" * 2000})
        assert _most_bytes(person) < 2 * few + 200_000


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠A"]
)
@pytest.mark.django_db
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(evil: str) -> None:
    from sandboxes.fleet.search import find

    records.sandbox("ievil", owner=evil, alias='a,b\n"c"')
    row = find("ievil")
    assert row is not None
    told = next(csv.DictReader(io.StringIO(sheets.csv_head() + sheets.csv_lines([row]), newline="")))
    assert told["owner"] == f"'{evil}"
    assert told["alias"] == 'a,b\n"c"'


def test_every_field_is_quoted_and_numbers_stay_numbers() -> None:
    assert csv_text.lines([["a", -1.5, None]]) == '"a","-1.5",""\r\n'


@pytest.mark.django_db
def test_a_stream_is_never_compressed_and_a_page_is(person: Client) -> None:
    for address in ("/sandboxes/export.csv", "/sandboxes/export.json", "/cost/export.csv"):
        answer = person.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.streaming
        assert not answer.has_header("Content-Encoding")
    assert person.get("/sandboxes/", headers={"Accept-Encoding": "gzip"})["Content-Encoding"] == "gzip"


@pytest.mark.django_db
def test_export_is_named_by_its_filters_in_words(person: Client) -> None:
    address = "?environment=staging&cpu_min=80&no_sample=true&orphan=false&age_min=20m&metadata.run=9f&order=id&cols=id"
    disposition = person.get(f"/sandboxes/export.csv{address}")["Content-Disposition"]
    told = "sandboxes-staging-cpu-over-80-no-sample-not-orphan-age-over-20-min-9f"
    assert re.fullmatch(rf'attachment; filename="{told}-\d{{4}}-\d\d-\d\d-\d{{4}}z\.csv"', disposition.lower())


@pytest.mark.django_db
def test_only_who_is_signed_in_and_only_sense(person: Client) -> None:
    assert Client().get("/sandboxes/export.csv").status_code == 302
    assert person.get("/sandboxes/export.csv?cpu_min=lots").status_code == 400


def _most_bytes(person: Client) -> int:
    async def drained() -> int:
        client = AsyncClient()
        client.cookies = person.cookies
        answer = cast("StreamingHttpResponse", await client.get("/sandboxes/export.csv"))
        tracemalloc.start()
        async for _ in cast("AsyncIterator[bytes]", answer.streaming_content):
            continue
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    return asyncio.run(drained())
