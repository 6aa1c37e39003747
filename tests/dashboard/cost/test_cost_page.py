"""The Cost page: sums, bars, groups and hours that agree with each other, and the table as CSV."""

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from dashboard.cost import charts as charts_cost
from dashboard.cost import spending
from dashboard.cost.ranges import RANGES, between, quick
from dashboard.templatetags import dollars
from sandboxes.cost import month_forecast, saved, used
from sandboxes.cost.used import smaller
from sandboxes.models import Price
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PART = {"HX-Request": "true"}
AN_HOUR = Decimal("0.1089")


@pytest.fixture(autouse=True)
def price(db: None) -> None:
    Price.objects.all().delete()
    records.price()


def ran(hours_ago: float, hours: float, now: datetime = NOW, **fields: Any) -> Any:
    box = records.sandbox(**({"state": "ended"} | fields))
    start = now - timedelta(hours=hours_ago)
    return box.executions.create(key="e", started_at=start, ended_at=start + timedelta(hours=hours))


def test_it_works(person: Client) -> None:
    ran(3, 2, timezone.now(), owner="ada")
    text = person.get("/cost/?whole=true").content.decode()
    assert re.search(r">ada</a></th>.*?<td class=\"r\">\$0\.218</td>", text, re.DOTALL)
    (chart,) = re.findall(r'id="cost-chart"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert json.loads(chart)["bucket"] == "hour"


def test_what_burns_is_there_before_the_sums_are_added_up(person: Client) -> None:
    records.sandbox(burn_usd_per_hour="0.25")
    text = person.get("/cost/?range=24h").content.decode()
    assert "<span data-burn>$0.250</span>" in text
    assert 'hx-get="/cost/?range=24h" hx-trigger="load, live:cost from:body"' in text
    assert "cost-chart" not in text


@pytest.mark.parametrize("query", ["", "?range=24h", "?range=30d&by=template", "?by=environment", "?by=metadata.a%26b"])
def test_every_range_and_group_shows_on_an_empty_record_and_a_full_one(person: Client, query: str) -> None:
    empty = person.get(f"/cost/{query}", headers=PART)
    assert (empty.status_code, b"No usage in this period" in empty.content) == (200, True)
    ran(3, 2, timezone.now(), metadata={"a&b": '"><script>x'}, owner="<b>ada")
    full = person.get(f"/cost/{query}", headers=PART).content
    assert b"data-plot" in full
    assert b"<script>x" not in full
    assert b"<b>ada" not in full


@pytest.mark.parametrize(
    "query",
    [
        "?range=week", "?by=sandbox", "?by=metadata.", "?from=soon", "?from=2026-01-02&to=2026-01-01", "?to=12:00",
        "?from=2999-01-01", "?from=1980-01-01", "?from=2026-01-02&by=sandbox",
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_says_so(person: Client, query: str) -> None:
    assert (person.get(f"/cost/{query}").status_code, person.get(f"/cost/export.csv{query}").status_code) == (400, 400)


def test_bars_rows_and_total_agree() -> None:
    for hours_ago, owner in ((2, "ada"), (30, "ada"), (50, "bob"), (200, "carl"), (1000, "dora")):
        ran(hours_ago, 1.5, owner=owner)
    told = spending.spending(RANGES["7d"], "owner", NOW)
    assert len(told.bars) == 168
    assert sum(bar.cost for bar in told.bars) == sum(row.cost for row in told.rows) == told.total
    assert told.total == AN_HOUR * Decimal("4.5"), "three of them ran for 1.5 h each"
    assert sum(bar.before for bar in told.bars) == told.before == AN_HOUR * Decimal("1.5")
    assert [(row.group, row.change_pct) for row in told.rows] == [("ada", None), ("bob", None), ("carl", -100.0)]
    assert sum(row.share_pct for row in told.rows) == pytest.approx(100)


def test_the_range_before_is_as_long_as_this_one_is_so_far() -> None:
    noon = NOW + timedelta(minutes=20)
    ran(24 + 1 / 3, 1, noon)  # from 12:00 of the day before
    (*_, newest) = spending.spending(RANGES["24h"], "owner", noon).bars
    assert (newest.start, newest.before) == (NOW, round(AN_HOUR / 3, 6))


def test_what_runs_now_is_in_the_table_before_it_costs_anything() -> None:
    records.sandbox(owner="new", burn_usd_per_hour="0.1089")
    (row,) = spending.spending(RANGES["24h"], "owner", NOW).rows
    assert (row.group, row.now.sandboxes, row.now.usd_per_hour, row.cost) == ("new", 1, AN_HOUR, Decimal(0))


def test_hours_of_the_week_end_with_now() -> None:
    ran(1.5, 1)
    days = spending.hours_by_day(NOW, NOW - DAY)
    assert [day.day for day, _ in days] == [15, 16, 17, 18, 19, 20, 21]
    today = days[-1][1]
    assert [cell.cost for cell in today[10:14]] == [AN_HOUR / 2, AN_HOUR / 2, 0, None]
    assert (today[10].step, today[9].step) == (9, 0)
    assert [cell.cost for cell in days[-2][1][10:14]] == [None, None, 0, 0]


def test_the_month_ends_at_the_rate_of_late() -> None:
    told = month_forecast(Decimal(100), Decimal(168), 7 * DAY, NOW)
    assert told is not None
    assert (told.until, told.usd_per_hour) == (datetime(2026, 9, 1, tzinfo=UTC), Decimal(1))
    assert told.usd == 100 + 252  # ten and a half days


def test_the_forecast_rests_on_what_is_known_and_on_an_hour_at_least() -> None:
    told = month_forecast(Decimal(50), Decimal(40), 4 * HOUR, NOW)
    assert told is not None
    assert (told.usd_per_hour, told.over, told.usd) == (Decimal(10), 4 * HOUR, Decimal(50 + 2520))
    assert month_forecast(Decimal(50), Decimal(40), HOUR - timedelta(seconds=1), NOW) is None


def test_a_policy_saved_the_rest_of_the_runs_it_ended_and_a_day_at_most_of_an_endless_one() -> None:
    policy = records.policy(mode="enforce", action="kill")
    for end_at in (NOW - 2 * DAY + HOUR, None):
        run = ran(50, 2)
        run.end_at = end_at
        run.save()
        records.action(
            run.sandbox, state="confirmed", outcome="killed", policy=policy, actor_kind="policy",
            actor_name=policy.name, answered_at=NOW - 2 * DAY + timedelta(seconds=5),
        )  # fmt: skip
    told = {one.policy: one for one in saved(NOW - 7 * DAY, NOW, NOW)}
    assert (told[policy.name].killed, told[policy.name].usd, told[policy.name].enforces) == (2, 25 * AN_HOUR, True)


@pytest.mark.parametrize(
    ("size", "p95", "could"),
    [
        ((8, 8192), (10, 30), (2, 4096)), ((2, 512), (60, 80), None), ((1, 128), (1, 1), None),
        ((None, 512), (1, 1), None), ((2, 512), (None, None), None),
    ],
)  # fmt: skip
def test_the_smaller_size_still_holds_the_p95_and_a_third_more(size: Any, p95: Any, could: Any) -> None:
    assert smaller(*size, *p95) == could


def test_without_samples_nobody_is_told_to_be_smaller() -> None:
    assert used("template", NOW - DAY, NOW) == []


def test_the_chart_has_a_round_top_and_names_colours_by_token() -> None:
    ran(2, 1)
    figure = charts_cost.cost_bars(spending.spending(RANGES["24h"], "owner", NOW).bars, HOUR)
    assert [trace["name"] for trace in figure["data"]] == ["cost", "before", "orphan", "idle"]
    assert figure["layout"]["yaxis"]["ticktext"] == ["$0", "$0.1", "$0.2"]
    assert figure["data"][0]["marker"]["color"] == "var(--data-2)"


@pytest.mark.parametrize(("value", "top"), [(0, 0.01), (0.1089, 0.2), (3, 4), (315, 400), (4001, 5000)])
def test_sums_are_rounded_up_to_round_ones(value: float, top: float) -> None:
    assert charts_cost.round_up(value) == pytest.approx(top)


def test_sums_and_changes_in_words() -> None:
    assert [dollars.dollars(Decimal(one)) for one in ("0", "0.109", "315.11", "27317.4")] == [
        "$0", "$0.109", "$315.11", "$27,317",
    ]  # fmt: skip
    assert [dollars.change(one) for one in (7.5, -4.61, None, 1900.0)] == ["+7.5%", "−4.6%", "new", "× 20"]


def test_the_table_as_a_file(person: Client) -> None:
    ran(3, 2, timezone.now(), owner="=cmd()")
    ran(3, 1, timezone.now())
    answer: Any = person.get("/cost/export.csv?range=24h")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="cost-by-owner-last-24-hours-\d{4}-\d\d-\d\d-\d{4}Z\.csv"', answer["Content-Disposition"]
    )

    async def whole() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    rows = list(csv.DictReader(async_to_sync(whole)().decode().splitlines()))
    assert [(row["group"], row["cost_usd"], row["share_pct"]) for row in rows] == [
        ("'=cmd()", "0.217800", "66.67"), ("", "0.108900", "33.33"),
    ]  # fmt: skip


def read(person: Client, address: str) -> list[dict[str, str]]:
    answer: Any = person.get(address)
    assert answer.status_code == 200

    async def whole() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    return list(csv.DictReader(async_to_sync(whole)().decode().splitlines()))


def test_last_night_costs_what_ran_in_it() -> None:
    """NOW is Friday noon; from 22:00 of Thursday to 06:00 of Friday."""
    ran(15, 2, owner="ada")  # 21:00 to 23:00: an hour of it
    ran(12, 1, owner="bob")  # 00:00 to 01:00
    ran(5, 1, owner="bob")  # 07:00: after it
    ran(21, 0.5, owner="ada")  # 15:00 the day before: in the time before, as is the hour from 21:00
    (_word, times), _yesterday = quick(NOW)
    assert times == {"from": "2026-08-20T22:00Z", "to": "2026-08-21T06:00Z"}
    chosen = between(times["from"], times["to"], NOW)
    told = spending.spending(chosen, "owner", NOW)
    assert (told.total, told.before, len(told.bars)) == (2 * AN_HOUR, Decimal("1.5") * AN_HOUR, 8)
    assert {row.group: row.cost for row in told.rows} == {"ada": AN_HOUR, "bob": AN_HOUR}
    assert chosen.sub == "20 Aug, 22:00 – 21 Aug, 06:00"


def test_a_range_may_begin_and_end_within_an_hour() -> None:
    ran(3, 2)  # 09:00 to 11:00
    told = spending.spending(between("09:30", "10:15", NOW), "owner", NOW)
    assert told.total == AN_HOUR * Decimal("0.75")
    assert [(bar.start.hour, bar.cost) for bar in told.bars] == [(9, AN_HOUR / 2), (10, AN_HOUR / 4)]


def test_a_range_of_weeks_has_a_bar_a_day_and_none_ends_after_now() -> None:
    chosen = between("2026-08-01", "2026-09-30", NOW)
    assert (chosen.bucket, chosen.end(NOW), len(chosen.starts(NOW))) == ("day", NOW, 21)


def test_the_page_keeps_the_range_in_its_links(person: Client) -> None:
    ran(3, 2, timezone.now(), owner="ada", metadata={"run": "9"})
    at = (timezone.now() - 6 * HOUR).strftime("%Y-%m-%dT%H:%MZ")
    text = person.get(f"/cost/?from={at}&whole=true").content.decode()
    quoted = at.replace(":", "%3A")
    assert f"export.csv?from={quoted}" in text
    assert f"?from={quoted}&amp;by=template" in text
    assert f'name="from" value="{at}"' in text
    assert "?range=24h" in text
    assert ">ada</a></th>" in text


def test_the_file_of_a_short_range_has_a_row_for_each_hour_and_group(person: Client) -> None:
    now = timezone.now()
    begin = (now - 3 * HOUR).replace(minute=0, second=0, microsecond=0)
    for owner, hours in (("ada", 2), ("bob", 1)):
        records.sandbox(state="ended", owner=owner).executions.create(
            key="e", started_at=begin, ended_at=begin + hours * HOUR
        )
    rows = read(person, f"/cost/export.csv?from={begin:%Y-%m-%dT%H:%MZ}&hours=true")
    first, second = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (begin, begin + HOUR))
    assert {(row["hour"], row["group"]) for row in rows} == {(first, "ada"), (first, "bob"), (second, "ada")}
    assert {row["cost_usd"] for row in rows} == {str(AN_HOUR.quantize(Decimal("0.000001")))}
    assert person.get("/cost/export.csv?range=7d&hours=true").status_code == 400
    assert "each hour and group" not in person.get("/cost/?range=7d").content.decode()


def test_a_sign_in_is_asked_for(client: Client) -> None:
    assert client.get("/cost/")["Location"] == "/login/?next=/cost/"
    assert client.get("/cost/export.csv").status_code == 302
