"""Ages, ends and money are never cut, however wide the page is; names are, and lose their end."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_pages import polled
from tests.support import records

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="each page at four widths: together they take minutes"),
]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EXACT = "age", "started", "end", "ended", "lived", "cost", "burn", "cpu", "mem"
CUT = """(names) => names.flatMap((name) => [...document.querySelectorAll(`td.c-${name}`)]
    .filter((cell) => cell.getClientRects().length && cell.scrollWidth > cell.clientWidth)
    .map((cell) => `${name}: ${cell.innerText}, ${cell.scrollWidth} px in ${cell.clientWidth}`))"""
WIDTHS = [1440, 1280, 1024, 390]


def fleet() -> None:
    """Ages and ends of every length that words take, and costs from nothing to thousands."""
    now = datetime.now(UTC)
    boxes = []
    for n, (age, left, usd) in enumerate(
        [
            (9 * HOUR + 59 * MINUTE + 30 * timedelta(seconds=1), 9 * HOUR + 58 * MINUTE, "0.000012"),
            (3 * HOUR + 32 * MINUTE, 23 * HOUR + 58 * MINUTE, "12345.678"),
            (400 * 24 * HOUR, -(9 * HOUR + 44 * MINUTE), "999.99"),
            (47 * HOUR, 30 * 24 * HOUR, "0.5"),
            (58 * timedelta(seconds=1), 58 * timedelta(seconds=1), "0"),
        ]
    ):
        boxes.append(
            records.sandbox(
                f"i{n:020d}", owner="an-owner-with-a-rather-long-name", template_name="a-template-with-a-long-name",
                started_at=now - age, end_at=now + left, closed_cost_usd=usd, burn_usd_per_hour="12.3456",
                memory_mb=65536,
            )
        )  # fmt: skip
        records.sandbox(
            f"e{n:020d}", state="ended", owner="an-owner-with-a-rather-long-name", started_at=now - age - 3 * HOUR,
            ended_at=now - age, end_reason="timeout", closed_cost_usd=usd, cpu_pct=12.3, mem_used=2**29,
            mem_total=2**36, sampled_at=now - age,
        )  # fmt: skip
    polled(*boxes, cpu=100.0)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", ["", "?state=ended", "?cols=id,age,started,end,burn,cost"])
def test_no_age_and_no_sum_is_cut(site: str, visitor: Page, width: int, address: str) -> None:
    fleet()
    visitor.set_viewport_size({"width": width, "height": 900})
    visitor.goto(f"{site}/sandboxes/{address}")
    expect(visitor.locator("tr[data-key]")).to_have_count(5)
    assert visitor.evaluate(CUT, list(EXACT)) == []


@pytest.mark.parametrize("address", ["", "?state=ended"])
def test_table_needs_no_scrolling_sideways(site: str, visitor: Page, address: str) -> None:
    fleet()
    visitor.goto(f"{site}/sandboxes/{address}")
    for width in WIDTHS:
        visitor.set_viewport_size({"width": width, "height": 900})
        assert _hangs_out(visitor) <= 0, width


def _hangs_out(visitor: Page) -> int:
    """By how many pixels the table is wider than its box."""
    return int(visitor.locator(".rows-box").evaluate("(box) => box.scrollWidth - box.clientWidth"))


def test_phone_shows_age_owner_and_template_of_each_row(site: str, visitor: Page) -> None:
    fleet()
    visitor.set_viewport_size({"width": 390, "height": 800})
    visitor.goto(f"{site}/sandboxes/?order=-created_at")
    about = visitor.locator("tr[data-key] .about")
    expect(about).to_have_count(5)
    expect(about.nth(1)).to_contain_text("3 h 32 min")
    expect(about.nth(1)).to_contain_text("an-owner-with")
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390
    whole = "(cells) => cells.every((cell) => cell.scrollWidth <= cell.clientWidth)"
    assert visitor.locator("tr[data-key] .about > .nb").evaluate_all(whole)
