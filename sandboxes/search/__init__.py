"""The fleet's list: what matches a query, page by page, each sandbox with all that is known of it now."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from sandboxes import accounts
from sandboxes.models import Account, Sandbox
from sandboxes.search import sql
from sandboxes.search.build import rows_of
from sandboxes.search.query import (
    DEFAULT_ORDER,
    LIVE,
    MAX_LIMIT,
    ORDERS,
    STATES,
    Cursor,
    QueryError,
    SandboxQuery,
    cursor_value,
    decode_cursor,
    encode_cursor,
    states_of,
)
from sandboxes.search.rows import Page, SandboxRow

__all__ = [
    "DEFAULT_ORDER",
    "LIVE",
    "MAX_LIMIT",
    "ORDERS",
    "STATES",
    "Page",
    "QueryError",
    "SandboxQuery",
    "SandboxRow",
    "count",
    "find",
    "key_of",
    "matching_ids",
    "search",
    "seen_accounts",
    "states_of",
]


def seen_accounts(name: str | None = None) -> list[int]:
    """Keys of the accounts in sight: the one named, else all that pages and REST show."""
    if name is None:
        return accounts.shown_account_ids()
    return list(Account.objects.filter(name=name).values_list("id", flat=True))


def search(
    query: SandboxQuery, *, limit: int = 100, cursor: str | None = None, now: datetime | None = None
) -> Page[SandboxRow]:
    """One page of at most `limit` (1 to 1,000) sandboxes. Raises QueryError for a cursor or limit that cannot be."""
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit must be 1 to {MAX_LIMIT}")
    now = now or timezone.now()
    last = decode_cursor(cursor, query.order, now) if cursor else None
    as_of = last.as_of if last else now
    made = sql.statement(query, seen_accounts(query.account), now=now, as_of=as_of)
    found = _fetch(*sql.page_sql(made, last, limit))
    following = None
    if len(found) > limit:
        key, value = found[limit - 1]
        following = encode_cursor(Cursor(query.order, as_of, cursor_value(value), key))
    items = rows_of([key for key, _ in found[:limit]], now=now, as_of=as_of)
    return Page(items, following, _fetch(*sql.count_sql(made))[0][0])


def count(query: SandboxQuery, *, now: datetime | None = None) -> int:
    """How many match."""
    now = now or timezone.now()
    made = sql.statement(query, seen_accounts(query.account), now=now, as_of=now)
    return int(_fetch(*sql.count_sql(made))[0][0])


def matching_ids(query: SandboxQuery, *, now: datetime | None = None) -> list[int]:
    """The keys of all that match, ascending."""
    now = now or timezone.now()
    made = sql.statement(query, seen_accounts(query.account), now=now, as_of=now)
    return [key for (key,) in _fetch(*sql.keys_sql(made))]


def find(sandbox_id: str, account: str | None = None, *, now: datetime | None = None) -> SandboxRow | None:
    """The sandbox with this ID in the accounts in sight, or in the one named; a live one before an ended one."""
    now = now or timezone.now()
    key = key_of(sandbox_id, account)
    rows = rows_of([key], now=now, as_of=now) if key else []
    return rows[0] if rows else None


def key_of(sandbox_id: str, account: str | None = None) -> int | None:
    """The primary key of the sandbox that `find` would show."""
    if "\0" in sandbox_id:
        return None
    found = Sandbox.objects.filter(sandbox_id=sandbox_id, account_id__in=seen_accounts(account))
    alive = sorted(found.values_list("state", "id"), key=lambda one: (one[0] == Sandbox.State.ENDED, one[1]))
    return alive[0][1] if alive else None


def _fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
