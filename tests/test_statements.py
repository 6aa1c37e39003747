"""Every statement that our modules hold is prepared by the migrated database: a renamed column fails in a second."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import count

import pytest
from django.db import DatabaseError, connection, transaction

import dashboard
import events
import sandboxes

pytestmark = pytest.mark.django_db
BEGINNING = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
# Columns, tables and functions that are not there, ambiguous columns, syntax. That an operator does not fit tells of a
# parameter's type alone, which can't be known before it is given.
FAULTS = r"(column|relation|function) .* (does not exist|is ambiguous)|syntax error at or near"


def statements() -> Iterator[tuple[str, str]]:
    """Module and name, with the text, of every complete statement that stands in a module."""
    for package in (sandboxes, events, dashboard):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name or found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if isinstance(value, str) and BEGINNING.match(value) and not re.search(r"\{\w*\}", value):
                    yield f"{found.name}.{name}", value


FRAGMENTS = {"sandboxes.metrics.series.groups._INSERT"}  # it follows a WITH that is put together
FOUND = {name: text for name, text in statements() if name not in FRAGMENTS}


def numbered(statement: str) -> str:
    """With PostgreSQL's own placeholders instead of psycopg's."""
    numbers = count(1)
    held: dict[str, int] = {}

    def place(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        name = match[1] or f"#{next(numbers)}"
        return f"${held.setdefault(name, len(held) + 1)}"

    return re.sub(r"%%|%\((\w+)\)s|%s", place, statement)


@pytest.mark.parametrize("name", FOUND)
def test_statement_fits_the_database(name):
    refusal = ""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"PREPARE of_a_test AS {numbered(FOUND[name])}")
            cursor.execute("DEALLOCATE of_a_test")
    except DatabaseError as error:
        refusal = str(error)
    assert not re.search(FAULTS, refusal), refusal


def test_renamed_column_would_be_found():
    with pytest.raises(DatabaseError, match=FAULTS), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("PREPARE of_a_test AS SELECT id FROM sandboxes_sandbox WHERE former_name = $1")


def test_the_scan_finds_statements():
    assert len(FOUND) > 60
