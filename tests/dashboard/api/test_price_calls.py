"""`/prices`: general ones, and those of an account's own; the past is never repriced."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from sandboxes.core.prices import price_books
from sandboxes.models import AccountPrice, Price
from tests.support import records

pytestmark = pytest.mark.django_db
RATES = {"usd_per_vcpu_second": 0.00002, "usd_per_gib_second": 0.000005}


@pytest.fixture(autouse=True)
def book(db: None) -> None:
    Price.objects.all().delete()
    records.price()


def test_it_works(call: Any) -> None:
    account, other = records.account("ci"), records.account("prod")
    made = call("POST", "/prices", RATES | {"account": "ci"})
    assert made.status_code == 201, made.data
    assert made.data["account"] == "ci"
    told = call("GET", "/prices").data
    assert [one["account"] for one in told["items"]] == ["ci", None]
    assert (told["total"], told["next"]) == (2, None)
    assert told["items"][0]["usd_per_vcpu_second"] == 0.00002
    soon = datetime.now(UTC) + timedelta(seconds=1)
    assert float(price_books().of(account.pk).at(soon).usd_per_vcpu_second) == 0.00002
    assert float(price_books().of(other.pk).at(soon).usd_per_vcpu_second) == 0.000014


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": "2026-01-01T00:00:00Z"},
        {"account": "nowhere"},
        {"usd_per_vcpu_second": -1},
        {"usd_per_vcpu_second": 2},
        {"currency": "EUR"},
    ],
)
def test_price_that_makes_no_sense_is_rejected(call: Any, wrong: dict[str, Any]) -> None:
    assert call("POST", "/prices", RATES | wrong).status_code == 400
    assert (Price.objects.count(), AccountPrice.objects.count()) == (1, 0)


def test_second_price_of_a_moment_is_a_conflict(call: Any) -> None:
    records.account("ci")
    since = {"since": (datetime.now(UTC) + timedelta(days=3)).isoformat()}
    for account in ({}, {"account": "ci"}):
        assert call("POST", "/prices", RATES | since | account).status_code == 201
        assert call("POST", "/prices", RATES | since | account).status_code == 409


def test_list_goes_on_at_its_cursor(call: Any) -> None:
    records.account("ci")
    call("POST", "/prices", RATES | {"account": "ci"})
    first = call("GET", "/prices", limit=1).data
    rest = call("GET", "/prices", limit=1, cursor=first["next"]).data
    assert [one["account"] for one in first["items"] + rest["items"]] == ["ci", None]
    assert rest["next"] is None


def test_price_of_a_hidden_account_is_not_told(call: Any) -> None:
    mine, _ = records.account("mine"), records.account("other")
    call("POST", "/prices", RATES | {"account": "other"})
    text = records.token(name="reader", scopes=["read"], accounts=[mine.pk])
    client = Client(headers={"Authorization": f"Bearer {text}"})
    told = client.get("/api/v1/prices").json()
    assert ([one["account"] for one in told["items"]], told["total"]) == ([None], 1)
    assert client.post("/api/v1/prices", RATES, "application/json").status_code == 403
