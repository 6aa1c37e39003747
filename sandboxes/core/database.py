"""Asks and changes by a statement of our own: those stand in the `queries` of each room."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from django.db import connection

Given: TypeAlias = Mapping[str, Any] | Sequence[Any] | None


def rows(statement: str, given: Given = None) -> list[tuple[Any, ...]]:
    """All rows that it gives. Raises Django's database errors."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def row(statement: str, given: Given = None) -> tuple[Any, ...]:
    """The one row that it always gives, as an aggregate does."""
    return rows(statement, given)[0]


def execute(statement: str, given: Given = None) -> int:
    """How many rows it changed. Raises Django's database errors."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        changed: int = cursor.rowcount
        return changed
