"""Cursors: where a page ended, as an opaque word fit for a URL."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from sandboxes.fleet.search.query import QueryError

_NOT_OURS: Final = "this cursor is not valid: use `next` from the previous page"
Kind = TypeVar("Kind", bound=msgspec.Struct)


class ByTime(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page in order of time, then key."""

    at: datetime
    key: int


def encode(cursor: msgspec.Struct) -> str:
    """As a word of letters, digits, `-` and `_`."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def decode(text: str, kind: type[Kind]) -> Kind:
    """The cursor again. Raises QueryError when it is none of ours."""
    try:
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (msgspec.MsgspecError, binascii.Error, UnicodeError, ValueError):
        raise refused() from None
    # PostgreSQL takes no NUL to compare with.
    if any(isinstance(part, str) and "\0" in part for part in msgspec.structs.astuple(cursor)):
        raise refused()
    return cursor


def decode_by_time(text: str) -> ByTime:
    """A cursor by time again, with a zone and a key that the database can compare with."""
    cursor = decode(text, ByTime)
    if cursor.at.tzinfo is None or not 0 <= cursor.key < 2**63:
        raise refused()
    return cursor


def by_time(at: datetime, key: int) -> str:
    return encode(ByTime(at.astimezone(UTC), key))


def refused() -> QueryError:
    return QueryError(_NOT_OURS)


def value_of(value: Any) -> float | str | None:
    """A database value as a cursor holds it: times as ISO text in UTC, numbers as floats."""
    if value is None or isinstance(value, str):
        return value
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else float(value)
