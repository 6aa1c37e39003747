"""The only way to loop over accounts: side by side, each with its own deadline, lock and error.

Whatever one account raises (an unreadable key, a URL that is none, a hang, a database error, a fault of ours) is
written to its own health, logged with its name, and tried again in its next round. The other accounts go on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Final, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from sandboxes.core import locks, round_errors
from sandboxes.core.accounts import enabled_accounts
from sandboxes.core.crypto import CryptoError
from sandboxes.core.deadline import within
from sandboxes.e2b import E2BError
from sandboxes.models import Account

T = TypeVar("T")
Work = Callable[[Account], Awaitable[T]]
# Their message says it all; anything else is logged with its traceback.
_PLAIN: Final = (CryptoError, E2BError, TimeoutError)
log = logging.getLogger(__name__)


async def for_each_account(name: str, work: Work[object], *, deadline_seconds: float) -> None:
    """Runs `work` for every enabled account, each under the lock `name:ID` for `deadline_seconds` at most.

    An account whose lock another worker holds is left out. Raises only when the accounts themselves can't be read.
    """
    await sync_to_async(close_old_connections)()
    try:
        await side_by_side(name, await sync_to_async(enabled_accounts)(), work, deadline_seconds=deadline_seconds)
    finally:
        await sync_to_async(close_old_connections)()


async def side_by_side(
    name: str, accounts: Iterable[Account], work: Work[T], *, deadline_seconds: float, lock: bool = True
) -> dict[int, T]:
    """The same for these accounts; what `work` returned, by account, of those that did not fail.

    Their error of this name is cleared on success. Where one round runs several times under one name, or may have had
    nothing to do, use `guarded` and `succeeded`.
    """
    wanted = list(accounts)
    results = await asyncio.gather(*(_cleared(name, one, work, deadline_seconds, lock=lock) for one in wanted))
    return {account.pk: result[0] for account, result in zip(wanted, results, strict=True) if result}


def in_turn(name: str, accounts: Iterable[Account], work: Callable[[Account], object], unit: str = "") -> int:
    """The same for work on the record alone, which waits for no backend: one account after the other, without a lock.

    How many did not fail.
    """
    done = 0
    for account in accounts:
        try:
            work(account)
        except Exception as error:  # noqa: BLE001 - it is stored and logged; one account hinders no other
            _store_failure(name, account, error, unit)
        else:
            _clear(name, account, unit)
            done += 1
    return done


async def guarded(name: str, account: Account, work: Work[T], *, deadline_seconds: float, unit: str = "") -> T | None:
    """The same for one account, without a lock; None when it failed. What failed before stays: see `succeeded`."""
    result = await _guarded(name, account, work, deadline_seconds, lock=False, unit=unit)
    return result[0] if result else None


async def succeeded(name: str, account: Account, unit: str = "") -> None:
    """Clears the error of `name`: all its work for this account, or for this unit of it, was done."""
    await sync_to_async(_clear)(name, account, unit)


def _clear(name: str, account: Account, unit: str) -> None:
    try:
        round_errors.clear(account, name, unit)
    except Exception:  # the round itself went well
        log.exception("account %s: that %s works again could not be stored", account.name, name)


async def _cleared(
    name: str, account: Account, work: Work[T], deadline_seconds: float, *, lock: bool
) -> tuple[T] | None:
    result = await _guarded(name, account, work, deadline_seconds, lock=lock)
    if result:
        await succeeded(name, account)
    return result


async def _guarded(
    name: str, account: Account, work: Work[T], deadline_seconds: float, *, lock: bool, unit: str = ""
) -> tuple[T] | None:
    """What `work` returned; None when it failed or another worker has the lock."""
    try:
        async with locks.lock(f"{name}:{account.pk}", deadline_seconds) if lock else nullcontext(True) as ours:
            if not ours:
                return None
            return (await within(deadline_seconds, work(account)),)
    except Exception as error:  # noqa: BLE001 - it is stored and logged; one account hinders no other
        await sync_to_async(_store_failure)(name, account, error, unit)
        return None


def _store_failure(name: str, account: Account, error: Exception, unit: str) -> None:
    trace = None if isinstance(error, _PLAIN) else error
    log.warning("account %s: %s failed: %s", account.name, name, round_errors.text_of(error), exc_info=trace)
    try:
        round_errors.store(account, name, error, datetime.now(UTC), unit)
    except Exception:  # the database may be what failed: the log has both
        log.exception("account %s: that %s failed could not be stored", account.name, name)
