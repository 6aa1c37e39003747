"""Every download as a browser takes it: the file on disk is whole and can be read."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page

from tests.support import records

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
MANY = 1_300  # of each: more than a chunk of any export holds
NOTE = 'x,\n"y"'


@pytest.fixture
def fleet(transactional_db: None) -> None:
    """`MANY` sandboxes of as many owners, an event of each."""
    began = datetime.now(UTC) - timedelta(hours=2)
    records.price()
    for number in range(MANY):
        box = records.sandbox(owner=f"ada {number}", started_at=began, metadata={"note": NOTE})
        box.executions.create(key=f"e{number}", started_at=began, cpu_count=2, memory_mb=512)
        records.event(box.sandbox_id, timestamp=began, data={"sandbox_metadata": {"note": NOTE}})


def downloaded(page: Page, address: str, link: str) -> str:
    """What a click on a page's link puts on disk."""
    page.goto(address)
    with page.expect_download() as waiting:
        page.locator(f"a[download][href*='{link}']").first.evaluate("link => link.click()")
    assert waiting.value.failure() is None
    return waiting.value.path().read_bytes().decode()


def records_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_download_is_whole(fleet: None, visitor: Page, site: str) -> None:
    rows = records_of(downloaded(visitor, f"{site}/sandboxes/", "export.csv"))
    assert len({row["id"] for row in rows}) == len(rows) == MANY
    assert {row["metadata"] for row in rows} == {json.dumps({"note": NOTE})}
    items = json.loads(downloaded(visitor, f"{site}/sandboxes/", "export.json"))["items"]
    assert {item["id"] for item in items} == {row["id"] for row in rows}
    assert len(items) == MANY
    groups = records_of(downloaded(visitor, f"{site}/cost/", "export.csv"))
    assert {row["group"] for row in groups} == {item["owner"] for item in items}
    assert all(Decimal(row["cost_usd"]) > 0 for row in groups)
    events = records_of(downloaded(visitor, f"{site}/events/", "export.csv"))
    assert {row["sandbox_id"] for row in events} == {item["id"] for item in items}
    assert len(events) == MANY
    lines = [json.loads(line) for line in downloaded(visitor, f"{site}/events/", "export.jsonl").splitlines()]
    assert [line["id"] for line in lines] == [row["id"] for row in events]
    assert [line["data"] for line in lines] == [json.loads(row["data"]) for row in events]
