"""What can be asked of the fleet's list, and the cursor that leads from one page to the next."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

ORDERS: Final = (
    "started_at", "created_at", "end_at", "cpu_pct", "mem_pct", "cost_usd", "burn_usd_per_hour", "id",
)  # fmt: skip
STATES: Final = ("running", "paused", "ended")
LIVE: Final = ("running", "paused")
DEFAULT_ORDER: Final = "-started_at"
MAX_LIMIT: Final = 1000
_ORDER = re.compile(r"-?(" + "|".join(ORDERS) + r")")
_FAR_SECONDS: Final = 100 * 366 * 86400


class QueryError(ValueError):
    """The question makes no sense; the message says which part and why."""


@dataclass(frozen=True)
class SandboxQuery:
    """Filters and order of `GET /sandboxes`; what is None is not asked.

    Ages and `ends_within` are in seconds, `cpu_min` and `mem_min` in percent (0 to 100). `q` is looked for in ID,
    alias, owner and metadata, without regard to case. Raises QueryError for a value that cannot be.
    """

    states: tuple[str, ...] = LIVE
    account: str | None = None
    template: str | None = None
    owner: str | None = None
    environment: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    age_min: float | None = None
    age_max: float | None = None
    ends_within: float | None = None
    cpu_min: float | None = None
    mem_min: float | None = None
    no_sample: bool | None = None
    q: str | None = None
    orphan: bool | None = None
    protected: bool | None = None
    order: str = DEFAULT_ORDER

    def __post_init__(self) -> None:
        if not self.states or not set(self.states) <= set(STATES):
            raise QueryError(f"state must be some of {', '.join(STATES)}, or all")
        if not _ORDER.fullmatch(self.order):
            raise QueryError(f"order must be one of {', '.join(ORDERS)}, with - before it for descending")
        for name in ("age_min", "age_max", "ends_within"):
            seconds = getattr(self, name)
            if seconds is not None and not 0 <= seconds <= _FAR_SECONDS:
                raise QueryError(f"{name} must be seconds between 0 and {_FAR_SECONDS}")
        texts = [self.account, self.template, self.owner, self.environment, self.q, *self.metadata.values()]
        if any("\0" in text for text in [*texts, *self.metadata] if text):
            raise QueryError("text with a NUL character is found nowhere")

    @property
    def by(self) -> str:
        """The field it is ordered by."""
        return self.order.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.order.startswith("-")


def states_of(text: str) -> tuple[str, ...]:
    """`running,paused` or `all` as the states asked for. Raises QueryError for an unknown word."""
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    if words == ("all",):
        return STATES
    if not set(words) <= set(STATES):
        raise QueryError(f"state must be some of {', '.join(STATES)}, or all")
    return words


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page: the next one begins after it.

    `as_of` is the moment of the first page: what moves by itself (cost, CPU, memory) is read as it stood then, so
    that no row is met twice or left out while one pages.
    """

    order: str
    as_of: datetime
    value: float | str | None
    key: int


def encode_cursor(cursor: Cursor) -> str:
    """As an opaque word fit for a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def decode_cursor(text: str, order: str, now: datetime) -> Cursor:
    """The cursor again. Raises QueryError when it is none of ours or of another order."""
    try:
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursor)
        sound = cursor.as_of.tzinfo is not None and _sound_value(cursor) and -(2**31) < cursor.key < 2**31
    except (msgspec.MsgspecError, binascii.Error, UnicodeError, ValueError):
        raise QueryError("this cursor is none of ours: take `next` of the page before") from None
    if not sound or cursor.as_of > now + timedelta(minutes=5):
        raise QueryError("this cursor is none of ours: take `next` of the page before")
    if cursor.order != order:
        raise QueryError(f"this cursor belongs to the order {cursor.order}, not {order}")
    return cursor


def _sound_value(cursor: Cursor) -> bool:
    """Whether the value is of the kind its order compares with."""
    by = cursor.order.removeprefix("-")
    if cursor.value is None:
        return by in {"end_at", "cpu_pct", "mem_pct"}
    if by in {"started_at", "created_at", "end_at"}:
        return isinstance(cursor.value, str) and datetime.fromisoformat(cursor.value).tzinfo is not None
    if by == "id":
        return isinstance(cursor.value, str) and "\0" not in cursor.value
    return isinstance(cursor.value, float | int)


def cursor_value(value: Any) -> float | str | None:
    """A database value as a cursor holds it: times as ISO text in UTC, numbers as floats."""
    if value is None or isinstance(value, str):
        return value
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else float(value)
