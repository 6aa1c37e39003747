"""One phrase for a database that is away, in one place; and what a statement that was ended is told apart by."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError

from sandboxes.core import database_away

SPELLED = re.compile(
    r"\bdatabase (is|was|may be|seems) (away|down|unavailable|unreachable|not (there|reachable|available)|gone)",
    re.IGNORECASE,
)
FOLDERS = ("config", "dashboard", "events", "runner", "sandboxes", "simulator")


def texts(path: Path) -> Iterator[str]:
    """What a module says: its strings but docstrings; of anything else the whole text."""
    source = path.read_text()
    if path.suffix != ".py":
        yield source
        return
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_nothing_else_spells_that_the_database_is_away():
    root = settings.BASE_DIR
    files = [path for folder in FOLDERS for path in (root / folder).rglob("*.py")]
    files += [*(root / "templates").rglob("*.html"), *(root / "static/js").rglob("*.js")]
    found = {path.relative_to(root).as_posix() for path in files for text in texts(path) if SPELLED.search(text)}
    assert found == {"sandboxes/core/database_away.py"}


def wrapped(cause: Exception) -> OperationalError:
    error = OperationalError("canceling statement due to statement timeout")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (psycopg.errors.QueryCanceled(), True),
        (wrapped(psycopg.errors.QueryCanceled()), True),
        (wrapped(psycopg.OperationalError()), False),
        (OperationalError(), False),
        (None, False),
    ],
)
def test_statement_that_was_ended_is_told_apart(error, told):
    assert database_away.took_too_long(error) is told
