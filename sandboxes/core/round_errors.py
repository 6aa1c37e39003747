"""Which rounds of an account fail, since when and why: one JSON field on its health, changed in single statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sandboxes.base.masking import mask
from sandboxes.core import database, queries
from sandboxes.core.accounts import health_of
from sandboxes.models import Account, AccountHealth

MOST_CHARACTERS: Final = 1_000
# Rounds with columns of their own, which pages and REST have always shown; their own success empties these.
_COLUMNS: Final = {
    "sync": ("sync_error", "sync_failed_at"),
    "poll": ("poll_error", "poll_failed_at"),
    "reconcile": ("reconcile_error", None),
}


def text_of(error: Exception) -> str:
    """The error as it is stored and shown: masked, bounded, and something that PostgreSQL can hold."""
    said = str(error) or "no message"
    module = type(error).__module__
    known = module.startswith("sandboxes.")  # our own families say what the user can do
    text = said if known else f"{type(error).__name__}: {said}"
    return mask(text).replace("\x00", "\ufffd")[:MOST_CHARACTERS]


def store(account: Account, name: str, error: Exception, now: datetime, unit: str = "") -> None:
    """Writes down that `name` failed for `account`; `since` stays that of the first failure in a row.

    A round that works in units ("part 1 of 4") has an error of each: the success of one says nothing of another.
    """
    health_of(account)
    text = text_of(error)
    database.execute(
        queries.STORE_ERROR, {"account": account.pk, "name": _key(name, unit), "error": text, "at": now.isoformat()}
    )
    if name in _COLUMNS:
        error_column, time_column = _COLUMNS[name]
        shown = f"{unit}: {text}" if unit else text
        values: dict[str, Any] = {error_column: shown} | ({time_column: now} if time_column else {})
        AccountHealth.objects.filter(account=account).update(**values)


def failing(name: str) -> list[Account]:
    """Accounts whose last `name` failed: a round over those with something to do asks them too, to clear the error."""
    return list(Account.objects.filter(health__round_errors__has_key=name))


def clear(account: Account, name: str, unit: str = "") -> None:
    """It works again."""
    database.execute(queries.CLEAR_ERROR, {"account": account.pk, "name": _key(name, unit)})


def clear_former_units(account: Account, name: str, units: Sequence[str]) -> None:
    """Forgets the errors of all units of `name` but these: the work is divided anew, and nobody would clear them."""
    keys = [_key(name, unit) for unit in units]
    database.execute(queries.CLEAR_FORMER_ERRORS, {"account": account.pk, "name": name, "units": keys})


def _key(name: str, unit: str) -> str:
    return f"{name} {unit}" if unit else name
