"""`/cost/explained`, `/cost/habits` and `/cost/invoices`: whose they are, and what is refused."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from sandboxes.models import AuditEntry, InvoiceEntered, Price
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PARTS = ("more_runs_usd", "longer_runs_usd", "bigger_machines_usd", "prices_usd", "idle_usd")


@pytest.fixture(autouse=True)
def fleet(db: None) -> Any:
    Price.objects.all().delete()
    records.price()
    for account, owner in (("default", "ada"), ("second", "secretive")):
        for days, hours in ((9, 1), (2, 3)):
            began = NOW - days * DAY
            box = records.sandbox(of=records.account(account), owner=owner, started_at=began)
            box.executions.create(
                key="r", started_at=began, ended_at=began + hours * HOUR, end_at=began + 2 * HOUR, ended_by="killed",
                end_reason="request",
            )  # fmt: skip
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def narrow() -> Any:
    """A program that holds `default` alone."""
    text = records.token("narrow", scopes=["read", "admin"], accounts=[records.account().pk])
    client = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)

    def calling(method: str, path: str, body: Any = None) -> Any:
        return client.generic(method, f"/api/v1{path}", json.dumps(body or {}), "application/json")

    return calling


def test_the_bill_is_the_last_week_s_unless_told(call: Any) -> None:
    told = json.loads(call("GET", "/cost/explained").content, parse_float=Decimal)
    assert (told["before_from"], told["from"], told["to"]) == (
        "2026-08-07T12:00:00Z", "2026-08-14T12:00:00Z", "2026-08-21T12:00:00Z",
    )  # fmt: skip
    for one in [told["total"], *told["items"]]:
        assert sum(one[name] for name in PARTS) == one["change_usd"]
    assert told["total"]["longer_runs_usd"] == told["total"]["change_usd"] == Decimal("0.4356")
    asked = call("GET", "/cost/explained", **{"from": "2026-08-19T00:00:00Z", "to": "2026-08-20T00:00:00Z"}).data
    assert (asked["before_from"], asked["total"]["runs_before"], asked["total"]["runs"]) == (
        "2026-08-18T00:00:00Z", 0, 2,
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/cost/explained", "/cost/habits"])
@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"from": "2026-08-21T00:00:00Z", "to": "2026-08-20T00:00:00Z"}, "from must lie before to"),
        ({"from": "2020-01-01T00:00:00Z"}, "within 400 days"),
        ({"from": "soon"}, "from"),
        ({"start": "2026-08-21T00:00:00Z"}, "unknown parameter"),
    ],
)
def test_a_span_that_makes_no_sense_is_refused(call: Any, path: str, query: dict[str, str], why: str) -> None:
    answer = call("GET", path, **query)
    assert (answer.status_code, why in answer.data["message"]) == (400, True), answer.data


def test_habits_are_the_last_week_s(call: Any) -> None:
    told = call("GET", "/cost/habits").data
    fields = ("owner", "runs", "ended_by_owner", "median_life_seconds")
    assert [tuple(one[name] for name in fields) for one in told["items"]] == [
        ("ada", 1, 1, 10_800), ("secretive", 1, 1, 10_800),
    ]  # fmt: skip


def test_an_invoice_stands_beside_our_estimate(call: Any) -> None:
    told = call("PUT", "/cost/invoices/default/2026-08", {"usd": 0.4}).data
    assert told == {
        "account": "default", "month": "2026-08", "usd": 0.4, "estimated_usd": 0.4356, "difference_usd": 0.0356,
        "off_pct": 8.9, "entered_by": "token robot", "entered_at": "2026-08-21T12:00:00Z",
    }  # fmt: skip
    call("PUT", "/cost/invoices/default/2026-08", {"usd": 0.5})
    assert [one["usd"] for one in call("GET", "/cost/invoices").data["items"]] == [0.5]
    assert call("DELETE", "/cost/invoices/default/2026-08").status_code == 204
    assert call("DELETE", "/cost/invoices/default/2026-08").status_code == 404
    told = [entry.change["setting"] for entry in AuditEntry.objects.filter(change__setting__subject="invoice")]
    assert {(one["verb"], *one["accounts"]) for one in told} == {
        ("added", "default"), ("changed", "default"), ("removed", "default"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/cost/invoices/default/2026-13", {"usd": 1}, 400),
        ("/cost/invoices/default/2026-09", {"usd": 1}, 400),
        ("/cost/invoices/default/2026-08", {"usd": -1}, 400),
        ("/cost/invoices/default/2026-08", {"usd": 1.001}, 400),
        ("/cost/invoices/default/2026-08", {}, 400),
        ("/cost/invoices/nowhere/2026-08", {"usd": 1}, 404),
    ],
)
def test_an_invoice_that_can_t_be_is_refused(call: Any, path: str, body: Any, status: int) -> None:
    assert call("PUT", path, body).status_code == status
    assert not InvoiceEntered.objects.exists()


def test_nothing_of_a_hidden_account_is_told(call: Any, narrow: Any) -> None:
    call("PUT", "/cost/invoices/second/2026-08", {"usd": 77})
    for path in ("/cost/explained", "/cost/habits", "/cost/invoices"):
        answer = narrow("GET", path)
        assert answer.status_code == 200
        assert b"secretive" not in answer.content
        assert b'second"' not in answer.content
        assert b"77" not in answer.content
    assert json.loads(narrow("GET", "/cost/explained").content)["total"]["runs"] == 1
    assert narrow("PUT", "/cost/invoices/second/2026-08", {"usd": 1}).status_code == 404
    assert InvoiceEntered.objects.get().usd == 77
