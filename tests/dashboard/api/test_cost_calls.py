"""`GET /cost` in the shape of the contract."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from sandboxes.models import Price
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
ITEM = {"group", "bucket", "cost_usd", "orphan_usd", "idle_usd", "seconds", "sandboxes"}


@pytest.fixture(autouse=True)
def fleet(db: None) -> None:
    Price.objects.all().delete()
    records.price()
    for owner, hours in (("ada", 3), ("ada", 1), (None, 2)):
        box = records.sandbox(owner=owner, metadata={"team": "x"} if owner else {})
        box.executions.create(key="e", started_at=NOW - timedelta(hours=hours), ended_at=NOW)


def test_it_has_every_field_of_the_contract(call: Any) -> None:
    told = call("GET", "/cost", start=(NOW - timedelta(days=1)).timestamp(), end=NOW.isoformat(), group_by="owner").data
    assert set(told) == {"currency", "start", "end", "items", "total_usd"}
    assert (told["currency"], told["start"], told["end"]) == ("USD", "2026-08-20T12:00:00Z", "2026-08-21T12:00:00Z")
    assert all(set(item) == ITEM for item in told["items"])
    assert [(item["group"], item["bucket"], item["sandboxes"]) for item in told["items"]] == [
        ("ada", None, 2), (None, None, 1),
    ]  # fmt: skip
    assert told["items"][0]["seconds"] == 4 * 3600


@pytest.mark.parametrize("bucket", ["hour", "day", "total"])
@pytest.mark.parametrize("group_by", ["owner", "environment", "template", "account", "metadata.team"])
def test_items_add_up_to_the_total_as_it_is_written(call: Any, bucket: str, group_by: str) -> None:
    answer = call("GET", "/cost", start="2026-08-20T00:00:00Z", end="2026-08-22T00:00:00Z", bucket=bucket,
                  group_by=group_by)  # fmt: skip
    told = json.loads(answer.content, parse_float=Decimal)
    assert sum(item["cost_usd"] for item in told["items"]) == told["total_usd"] == Decimal("0.6534")


def test_buckets_are_times(call: Any) -> None:
    told = call("GET", "/cost", start="2026-08-21T00:00:00Z", end="2026-08-22T00:00:00Z", bucket="hour").data
    assert [item["bucket"] for item in told["items"]] == [f"2026-08-21T{hour:02}:00:00Z" for hour in (9, 10, 11)]


def test_without_a_range_it_is_the_last_day(call: Any) -> None:
    box = records.sandbox()
    box.executions.create(key="now", started_at=timezone.now() - timedelta(days=3))
    assert call("GET", "/cost").data["items"][0]["seconds"] == pytest.approx(86_400, abs=1)


@pytest.mark.parametrize(
    "query",
    [
        {"bucket": "week"}, {"group_by": "sandbox"}, {"group_by": "metadata."}, {"colour": "red"}, {"start": "then"},
        {"start": "2026-08-22T00:00:00Z", "end": "2026-08-21T00:00:00Z"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_400(call: Any, query: dict[str, str]) -> None:
    refused = call("GET", "/cost", **query)
    assert (refused.status_code, refused.data["code"]) == (400, "bad_request")
    assert refused.data["message"]


def test_only_get(call: Any) -> None:
    assert call("POST", "/cost", {}).status_code == 405
