"""The fleet's list: what matches a query, page by page, each sandbox with all that is known of it now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils import timezone

from sandboxes.core import accounts, database, sight
from sandboxes.fleet.search import cursors, queries
from sandboxes.fleet.search.build import rows_of
from sandboxes.fleet.search.details import these
from sandboxes.fleet.search.idle import resolved
from sandboxes.fleet.search.namesakes import Ambiguous, refuse_ambiguous
from sandboxes.fleet.search.place import Place, place_of
from sandboxes.fleet.search.query import (
    DEFAULT_ORDER,
    LIVE,
    MAX_LIMIT,
    MOST_IDLE_SECONDS,
    ORDERS,
    STATES,
    QueryError,
    SandboxQuery,
    states_of,
)
from sandboxes.fleet.search.rows import Page, SandboxRow
from sandboxes.models import Account, Sandbox

__all__ = [
    "DEFAULT_ORDER",
    "LIVE",
    "MAX_LIMIT",
    "MOST_IDLE_SECONDS",
    "ORDERS",
    "STATES",
    "Ambiguous",
    "Page",
    "QueryError",
    "SandboxQuery",
    "SandboxRow",
    "count",
    "count_by",
    "count_by_key",
    "find",
    "key_of",
    "keys_of",
    "matching_ids",
    "newest_key",
    "refuse_ambiguous",
    "search",
    "seen_accounts",
    "settled",
    "states_of",
    "visible_keys",
]


def seen_accounts(name: str | None = None) -> list[int]:
    """Keys of the accounts in sight: those named, with commas between them, else all that pages and REST show."""
    if name is None:
        return accounts.shown_account_ids()
    return [one.pk for one in sight.held(Account.objects.filter(name__in=name.split(",")).only("name").order_by("id"))]


def visible_keys(keys: Sequence[int]) -> list[int]:
    """Those of the sandboxes with these keys that are in accounts which whoever asks may see, in the order given."""
    found = Sandbox.objects.filter(pk__in=these(keys))
    held = sight.everything()
    if held is not None:
        found = found.filter(account__in=held)
    there = set(found.values_list("pk", flat=True))
    return [key for key in keys if key in there]


def newest_key() -> int:
    """The key of the sandbox that was put on record last, in the accounts in sight; 0 without any."""
    found = Sandbox.objects.all()
    if sight.everything() is not None or sight.is_narrowed():
        found = found.filter(account__in=seen_accounts())
    return found.aggregate(newest=Max("id"))["newest"] or 0


def search(
    query: SandboxQuery, *, limit: int = 100, cursor: str | None = None, skip: int = 0, now: datetime | None = None
) -> Page[SandboxRow]:
    """One page of at most `limit` (1 to 1,000) sandboxes, `skip` rows after the cursor.

    Raises QueryError for a cursor or limit that cannot be.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit must be 1 to {MAX_LIMIT}")
    now = now or timezone.now()
    last = place_of(cursor, query.order, now) if cursor else None
    as_of = last.as_of if last else now
    made = _statement(query, now=now, as_of=as_of)
    found = database.rows(*queries.page_sql(made, last, limit, skip))
    following = None
    if len(found) > limit:
        key, value = found[limit - 1]
        following = cursors.encode(Place(query.order, as_of, cursors.value_of(value), key))
    items = rows_of([key for key, _ in found[:limit]], now=now, as_of=as_of)
    whole = last is None and not skip and following is None  # then what was found is all there is
    return Page(items, following, len(found) if whole else database.rows(*queries.count_sql(made))[0][0])


def settled(query: SandboxQuery, now: datetime) -> SandboxQuery:
    """The query with what is to be read once for all its searches and counts as of `now`: who is idle."""
    return query if query.idle_for is None else resolved(query, seen_accounts(query.account), now)


def count(query: SandboxQuery, *, after_key: int | None = None, now: datetime | None = None) -> int:
    """How many match; with `after_key` only those first seen after the sandbox with that key."""
    now = now or timezone.now()
    made = _statement(query, now=now, as_of=now)
    if after_key is not None:
        made.where.append("s.id > %(after_key)s")
        made.parameters["after_key"] = after_key
    return int(database.rows(*queries.count_sql(made))[0][0])


def count_by(query: SandboxQuery, columns: Sequence[str], *, now: datetime | None = None) -> list[tuple[Any, ...]]:
    """Rows of values of `columns` (state, template, owner, environment, reason, cause) and how many match with them."""
    now = now or timezone.now()
    made = _statement(query, now=now, as_of=now)
    rows: list[tuple[Any, ...]] = database.rows(*queries.grouped_sql(made, columns))
    return rows


def count_by_key(query: SandboxQuery, key: str, *, most: int, now: datetime | None = None) -> list[tuple[str, int]]:
    """The `most` commonest values of a metadata key among those that match, and how many have each."""
    now = now or timezone.now()
    made = _statement(query, now=now, as_of=now)
    rows: list[tuple[str, int]] = database.rows(*queries.of_key_sql(made, key, most))
    return rows


def matching_ids(query: SandboxQuery, *, now: datetime | None = None) -> list[int]:
    """The keys of all that match, ascending."""
    now = now or timezone.now()
    made = _statement(query, now=now, as_of=now)
    return [key for (key,) in database.rows(*queries.keys_sql(made))]


def find(sandbox_id: str, account: str | None = None, *, now: datetime | None = None) -> SandboxRow | None:
    """The sandbox with this ID in the accounts in sight, or in the one named; a live one before an ended one."""
    now = now or timezone.now()
    key = key_of(sandbox_id, account)
    rows = rows_of([key], now=now, as_of=now) if key else []
    return rows[0] if rows else None


def key_of(sandbox_id: str, account: str | None = None) -> int | None:
    """The primary key of the sandbox that `find` would show."""
    return keys_of([sandbox_id], account).get(sandbox_id)


def keys_of(sandbox_ids: Iterable[str], account: str | None = None) -> dict[str, int]:
    """The primary keys of those that are on record, by ID; where several accounts have one, a live one."""
    wanted = [one for one in sandbox_ids if "\0" not in one]
    found = Sandbox.objects.filter(sandbox_id__in=wanted, account_id__in=seen_accounts(account))
    rows = found.values_list("state", "id", "sandbox_id")
    live_last = sorted(rows, key=lambda row: (row[0] != Sandbox.State.ENDED, -row[1]))
    return {sandbox_id: key for _, key, sandbox_id in live_last}


def _statement(query: SandboxQuery, *, now: datetime, as_of: datetime) -> queries.Statement:
    accounts = seen_accounts(query.account)
    return queries.statement(resolved(query, accounts, now), accounts, now=now, as_of=as_of)
