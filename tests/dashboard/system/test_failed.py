"""Pages that can't be shown say what is wrong, with the database away too."""

from pathlib import Path

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.test import Client
from psycopg_pool import PoolTimeout

from dashboard.fleet import views as fleet
from tests.support import records


@pytest.mark.parametrize(
    "why",
    [
        OperationalError("password=secret"),
        InterfaceError("closed"),
        PoolTimeout("no connection"),
        psycopg.OperationalError("password=secret"),
        psycopg.InterfaceError("closed"),
    ],
)
def test_the_database_away_is_said_and_the_page_tries_again(
    person: Client, monkeypatch: pytest.MonkeyPatch, why: Exception
) -> None:
    def away(*_: object) -> None:
        raise why

    monkeypatch.setattr(fleet, "render", away)
    person.raise_request_exception = False
    page = person.get("/")
    assert (page.status_code, page["Refresh"], page["Retry-After"]) == (503, "5", "5")
    assert b"The database is unavailable" in page.content
    assert b"secret" not in page.content


def test_query_ended_at_its_bound_is_not_the_database_away(person: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told to ask again, by themselves or every 5 s: it would take as long."""

    def hangs(*_: object) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '10ms'")
            cursor.execute("SELECT pg_sleep(60)")

    monkeypatch.setattr(fleet, "render", hangs)
    person.raise_request_exception = False
    page = person.get("/")
    assert (page.status_code, "Refresh" in page, "Retry-After" in page) == (503, False, False)
    assert b"The database took too long" in page.content
    assert b"unavailable" not in page.content


def test_what_fails_on_our_side_says_so_and_no_more(person: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("password=secret")

    monkeypatch.setattr(fleet, "render", fails)
    person.raise_request_exception = False
    page = person.get("/")
    assert (page.status_code, "Refresh" in page) == (500, False)
    assert b"failed on our side" in page.content
    assert b"secret" not in page.content


@pytest.mark.django_db
def test_an_address_where_nothing_is_says_so(static_files: Path) -> None:
    records.sandbox()
    page = Client().get("/nowhere/")
    assert (page.status_code, b"Page not found" in page.content) == (404, True)
