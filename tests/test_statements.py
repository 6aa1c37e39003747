"""Every statement is prepared by the migrated database, so that a renamed column fails in a second; and every one
stands in the `queries` of its room, where this finds it."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

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
# In capitals, as our SQL is written, with what follows such a word there: prose has none of them.
SQL = re.compile(
    r"\b(SELECT\s+(\S+,|\S+\s+(FROM|AS)\b|\w+\()|SELECT\s+\S+$|INSERT INTO \S+|DELETE FROM \S+|UPDATE \S+( \w)? SET\b"
    r"|JOIN \S+ (\w+ )?ON\b|WHERE \S+ (=|<|>|IN|IS|BETWEEN)|EXISTS\s*\(\s*SELECT|UNION ALL|AS MATERIALIZED"
    r"|(ALTER|CREATE|LOCK|DROP|TRUNCATE)( TEMP)? TABLE|SET LOCAL|ON CONFLICT|ANALYZE \w"
    r"|(GRANT|REVOKE) [A-Z, ]+ ON)"
)
ROOT = Path(__file__).parent.parent


def statements() -> Iterator[tuple[str, str]]:
    """Module and name, with the text, of every complete statement that stands in a module of queries."""
    for package in (sandboxes, events, dashboard):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.rpartition(".")[2].startswith("queries"):
                module = importlib.import_module(found.name)
                for name, value in vars(module).items():
                    yield from _complete(f"{found.name}.{name}", value)


def _complete(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, tuple | list):
        for number, one in enumerate(value):
            yield from _complete(f"{name}.{number}", one)
    elif isinstance(value, str) and BEGINNING.match(value) and not re.search(r"\{\w*\}", value):
        yield name, value


FRAGMENTS = {
    "sandboxes.metrics.series.queries_groups.INSERT_GROUPS",  # it follows a WITH that is put together
    "sandboxes.metrics.series.queries_series.BACKFILLED",  # a WITH that others go on from
}
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
def test_statement_is_given_the_time(name):
    """So that a test drives all of it; only a restore, a script for psql, asks the database for the time."""
    clock = re.search(r"\b(now|clock_timestamp|statement_timestamp)\(\)|\bCURRENT_(TIMESTAMP|DATE)\b", FOUND[name])
    assert clock is None or name.startswith("sandboxes.cleanup.queries_restored.")


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
    assert len(FOUND) > 100


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each string of a module but docstrings; what an f-string puts in is one letter."""
    tree = ast.parse(source)
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped |= {id(inner) for inner in ast.walk(node) if inner is not node}
            parts = (one.value if isinstance(one, ast.Constant) else "x" for one in node.values)
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def at_home(path: Path) -> bool:
    return path.stem.startswith("queries") or "migrations" in path.parts


@pytest.mark.parametrize("folder", ["config", "dashboard", "events", "sandboxes"])
def test_sql_stands_in_queries_alone(folder):
    astray = [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()[:60]}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not at_home(path)
        for line, text in texts(path.read_text())
        if SQL.search(text)
    ]
    assert astray == []


@pytest.mark.parametrize(
    "source",
    [
        '''ask = "SELECT id FROM sandboxes_sandbox"''',
        '''ask = f"DELETE FROM {table} WHERE id = 1"''',
        '''ask = "UPDATE sandboxes_guard g SET protected = true"''',
        """run("SELECT 1")""",
        """run(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")""",
        '''part = "JOIN sandboxes_policy p ON p.id = v.policy_id"''',
    ],
)
def test_sql_elsewhere_would_be_found(source):
    assert any(SQL.search(text) for _, text in texts(source))


def test_prose_is_no_sql():
    assert not any(SQL.search(text) for _, text in texts('"""SELECT x FROM y."""\nlabel = "Select one FROM the list"'))
