"""On Cost: the bill explained, habits, their files, and invoices that are typed."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from sandboxes.models import InvoiceEntered, Price
from tests.support import records
from tests.support.records import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("static_files", "mailbox")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def anna(db: None) -> Any:
    Price.objects.all().delete()
    records.price()
    client = Client()
    client.force_login(records.member("anna", "admin"))
    for days, hours, owner in ((9, 1, "ada"), (2, 3, "ada"), (2, 3, "=bob")):
        began = NOW - days * DAY
        box = records.sandbox(owner=owner, template_id="t1", template_name="desktop", started_at=began)
        box.executions.create(
            key="r", started_at=began, ended_at=began + hours * HOUR, end_at=began + 2 * HOUR, ended_by="killed",
            end_reason="timeout",
        )  # fmt: skip
    with time_machine.travel(NOW, tick=False):
        yield client


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def rows_of(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode().lstrip("\ufeff"))))


def test_the_change_is_said_in_a_sentence_and_by_row(anna: Client) -> None:
    page = re.sub(r"<[^>]+>", "", text_of(anna, "/cost/explained/"))
    assert "$0.653 after $0.109: +$0.327 more runs, +$0.218 longer runs." in page
    assert "desktop" in page


def test_the_files_hold_every_row_and_add_up(anna: Client) -> None:
    bill = rows_of(anna, "/cost/explained.csv")
    assert sum(Decimal(row["change_usd"]) for row in bill) == Decimal("0.5445")
    assert {row["owner"] for row in bill} == {"ada", "'=bob"}
    (ada,) = [row for row in rows_of(anna, "/cost/habits.csv") if row["owner"] == "ada"]
    assert (ada["runs"], ada["timed_out"], ada["median_timeout_seconds"]) == ("1", "1", "7200")


def test_habits_say_how_runs_ended(anna: Client) -> None:
    page = text_of(anna, "/cost/habits/?range=7d")
    assert "ada" in page
    assert "3 h" in page
    assert "Needs 20 runs with metrics" in page


@pytest.mark.parametrize("name", ["explained/", "explained.csv", "habits/", "habits.csv"])
def test_an_address_that_makes_no_sense_says_so(anna: Client, name: str) -> None:
    assert anna.get(f"/cost/{name}?range=week").status_code == 400


def test_an_invoice_that_was_typed_stands_beside_our_estimate(anna: Client) -> None:
    assert anna.post("/cost/invoices/", {"month": "2026-08", "usd": "$1,000.50"}).status_code == 302
    assert (InvoiceEntered.objects.get().usd, InvoiceEntered.objects.get().entered_by) == (Decimal("1000.50"), "anna")
    assert "Invoice entered: $1,001, we say $0.762" in text_of(anna, "/cost/explained/")


@pytest.mark.parametrize("typed", [{"month": "2026-09"}, {"month": "soon"}, {"usd": "much"}, {"usd": "-3"}])
def test_an_invoice_that_makes_no_sense_is_not_stored(anna: Client, typed: dict[str, str]) -> None:
    anna.post("/cost/invoices/", {"month": "2026-08", "usd": "12"} | typed)
    assert not InvoiceEntered.objects.exists()


def test_only_admins_enter_invoices(anna: Client) -> None:
    vera = Client()
    vera.force_login(records.member("vera", "viewer"))
    assert vera.post("/cost/invoices/", {"month": "2026-08", "usd": "12"}).status_code == 403
    assert "invoice-form" not in text_of(vera, "/cost/explained/")
