"""An event as E2B spells it, by webhook (snake_case) or REST (camelCase), read into one shape. Pure."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sandboxes.e2b.wire import MAX_SANDBOX_ID, SANDBOX_ID

PREFIX = "sandbox.lifecycle."
MAX_DEPTH = 32
MAX_ID_CHARACTERS = 128
NUL = b"\\u0000"
# An event dated further ahead of its arrival than this is stamped with its arrival for the fold.
FUTURE_SLACK = timedelta(minutes=5)
# Outside of these years a time is a zero or a default (Go: year 1), and no arithmetic with it is safe.
FIRST_YEAR, LAST_YEAR = 1970, 9990
# Very old events have no `type`; their label gives it (e2b/README.md section 5).
LABELS = {
    "create": "created", "update": "updated", "pause": "paused", "resume": "resumed", "kill": "killed",
    "checkpoint": "checkpointed",
}  # fmt: skip
_OTHER_IDS = uuid.UUID("5b0e6b0c-5a53-4f0e-9f5c-0a4c8a2f7f11")
_decode = msgspec.json.Decoder().decode
_SANDBOX_ID = re.compile(SANDBOX_ID)


class NotOneObject(ValueError):
    """The body is not exactly one UTF-8 JSON object of bounded depth."""


class Unreadable(ValueError):
    """A JSON object that is no event we can read; says which field and why."""


class Event(msgspec.Struct, frozen=True):
    """One lifecycle event. `execution_id` is None for what the inventory observed; `raw` is all of it as it came."""

    id: uuid.UUID
    type: str
    sandbox_id: str
    execution_id: str | None
    template_id: str
    timestamp: datetime
    data: dict[str, Any] | None
    raw: dict[str, Any] | msgspec.Raw

    @property
    def word(self) -> str:
        """The last word of the type: created, updated, …"""
        return self.type.rpartition(".")[2]


def parse_body(body: bytes) -> dict[str, Any]:
    """The one JSON object in `body`.

    Raises NotOneObject for anything else: bytes after the object are an attack on the signature, not slack.
    """
    try:
        found = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotOneObject(f"not one UTF-8 JSON object: {error}") from None
    if not isinstance(found, dict):
        raise NotOneObject(f"a JSON {type(found).__name__}, not an object")
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and depth(found) > MAX_DEPTH:
        raise NotOneObject(f"nested deeper than {MAX_DEPTH}")
    return without_nul(found) if NUL in body else found


def depth(value: Any) -> int:
    """How deep objects and arrays are nested; 0 for a plain value."""
    level, deep = [value], 0
    while inner := [v for v in level if isinstance(v, dict | list)]:
        level = [w for v in inner for w in (v.values() if isinstance(v, dict) else v)]
        deep += 1
    return deep


def without_nul(value: Any) -> Any:
    """The same with U+FFFD for each U+0000, which PostgreSQL's text and jsonb cannot hold."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {without_nul(k): without_nul(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_nul(v) for v in value]
    return value


def read_event(raw: dict[str, Any], body: bytes | None = None) -> Event:
    """The event in a delivery's or the events API's object, told apart by the keys that are there.

    With the `body` that `raw` was read from, the event keeps that spelling as it came.

    Raises Unreadable when it has no ID, a field of the wrong JSON type, or a bad time.
    """
    timestamp = _time(_field(raw, "timestamp"))
    data = raw["event_data"] if "event_data" in raw else raw.get("eventData")
    if data is not None and not isinstance(data, dict):
        raise Unreadable("event_data is not an object")
    execution = _text(raw, "sandbox_execution_id", "sandboxExecutionId", required=False)
    return Event(
        id=event_id(_text(raw, "id")),
        type=_type(raw),
        sandbox_id=_sandbox_id(raw),
        execution_id=execution or "",
        template_id=_text(raw, "sandbox_template_id", "sandboxTemplateId", required=False),
        timestamp=timestamp,
        data=data,
        raw=raw if body is None or NUL in body else msgspec.Raw(body),
    )


def event_id(text: str) -> uuid.UUID:
    """E2B's IDs are UUIDs; another backend's word becomes one, always the same."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid5(_OTHER_IDS, text)


def _type(raw: dict[str, Any]) -> str:
    found = _text(raw, "type", required=False)
    if found:
        return found
    label = _text(raw, "event_label", "eventLabel", required=False)
    if not label:
        raise Unreadable("no type, and no event_label to give it")
    return PREFIX + LABELS.get(label, label)


def _sandbox_id(raw: dict[str, Any]) -> str:
    found = _text(raw, "sandbox_id", "sandboxId", most=MAX_SANDBOX_ID)
    if not _SANDBOX_ID.match(found):
        raise Unreadable("sandbox_id is none that an address could name")
    return found


def _field(raw: dict[str, Any], *names: str) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _text(raw: dict[str, Any], *names: str, required: bool = True, most: int = MAX_ID_CHARACTERS) -> str:
    value = _field(raw, *names)
    if value is None:
        if required:
            raise Unreadable(f"no {names[0]}")
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"{names[0]} is not text")
    if required and not value:
        raise Unreadable(f"{names[0]} is empty")
    if len(value) > most:
        raise Unreadable(f"{names[0]} is longer than {most} characters")
    return value


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise Unreadable("timestamp is missing or not text")
    found = moment(value)
    if found is None:
        raise Unreadable(f"timestamp {value[:40]!r} is not a time with a zone")
    return found


def moment(value: Any) -> datetime | None:
    """An RFC 3339 time (nanoseconds are rounded) in UTC; None when it is none, or outside of 1970 to 9990."""
    try:
        found = msgspec.convert(value, datetime)
        return found.astimezone(UTC) if found.tzinfo and FIRST_YEAR <= found.year <= LAST_YEAR else None
    except (msgspec.ValidationError, OverflowError, ValueError):
        return None
