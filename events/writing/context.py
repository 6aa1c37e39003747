"""What a batch needs to know of its accounts: address, owner keys, keys that are stored, template names, prices."""

import time
from collections.abc import Collection
from typing import Any

import msgspec
import psycopg

from events.writing import queries
from sandboxes.base.pricing import PriceBooks
from sandboxes.core import account_changes
from sandboxes.core.queries import ACCOUNT_RATES

KEEP_SECONDS = 5.0


class AccountFacts(msgspec.Struct, frozen=True):
    """The part of an account that folding reads."""

    id: int
    url: str
    owner_keys: list[str]
    environment_keys: list[str]
    templates: dict[str, dict[str, Any]]
    clock_offset_seconds: float = 0.0
    store_metadata_keys: list[str] | None = None


class BatchContext(msgspec.Struct):
    """Accounts by primary key, and their price books."""

    accounts: dict[int, AccountFacts]
    prices: PriceBooks


_held: tuple[float, tuple[str, int], BatchContext] | None = None


async def batch_context(connection: psycopg.AsyncConnection, needed: Collection[int] = ()) -> BatchContext:
    """Accounts and prices as the database had them at most KEEP_SECONDS ago: a setting, not a fact of the fleet.

    Read anew where it does not hold every account of `needed` (primary keys), and after a change of an account here.
    """
    global _held  # noqa: PLW0603 - one small cache a process
    began, of = time.monotonic(), (connection.info.dbname, account_changes.number())
    if _held and began - _held[0] < KEEP_SECONDS and _held[1] == of and _held[2].accounts.keys() >= set(needed):
        return _held[2]
    rows = await (await connection.execute(queries.ACCOUNTS)).fetchall()
    prices = await (await connection.execute(ACCOUNT_RATES)).fetchall()
    found = BatchContext({row[0]: AccountFacts(*row) for row in rows}, PriceBooks.of_rows(prices))
    _held = (began, of, found)
    return found


def forget() -> None:
    """The next batch reads them anew (after a change of settings, and between tests)."""
    global _held  # noqa: PLW0603
    _held = None
