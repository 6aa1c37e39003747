"""Counts SQL statements where psycopg sends them: those of Django's connection and those past it alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that this process sends inside the block, in their order; `executemany` and COPY count as one.

    Not counted: what only opens or closes a transaction or a savepoint.
    """
    sent: list[str] = []

    def note(query: object) -> None:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if not text.lstrip().upper().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")):
            sent.append(text)

    with monkeypatch.context() as patch:
        for cursor in (psycopg.Cursor, psycopg.AsyncCursor):
            for name in ("execute", "executemany", "copy"):
                patch.setattr(cursor, name, _noted(getattr(cursor, name), note))
        yield sent


def _noted(method: Any, note: Any) -> Any:
    def called(self: object, query: object, *given: Any, **options: Any) -> Any:
        note(query)
        return method(self, query, *given, **options)

    return called
