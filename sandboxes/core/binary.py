"""Rows that PostgreSQL sends in binary, for figures by the thousand: `arrays` reads what `array_send` gives."""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection


def fetch(sql: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows, sent in binary: `bytea`, which `array_send` gives, is then neither written as hex nor read from it.

    Raises Django's database errors, as its own cursors do.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql.encode(), given, binary=True)
        return cursor.fetchall()
