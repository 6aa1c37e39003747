"""Seals the audit's entries into a chain, and finds where somebody has altered it.

Each entry's hash covers the entry and the hash before it, so that nothing in the middle can be changed, added or taken
out unseen. Whoever can rewrite the whole table can rewrite the chain: note a head (number and hash) elsewhere, and
`verify` holds the chain to it. Entries past their retention go from the beginning of the chain, never out of it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.db import connection, transaction

SEALED_AT_ONCE: Final = 5_000
_ONE_SEALER: Final = 0x5EA1  # an advisory lock: two sealers would give one number twice
_TIME = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_UNTOLD: Final = {"claimed_until", "claim_number", "next_attempt_at"}  # the trigger leaves them out
_LAST = "SELECT number, hash FROM sandboxes_auditentry WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1"
_OPEN = (
    f"SELECT id, {_TIME}, action_id, change::text FROM sandboxes_auditentry WHERE number IS NULL ORDER BY id LIMIT %s"
)
_SEAL = """UPDATE sandboxes_auditentry e SET number = r.number, hash = decode(r.hash, 'hex')
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) r(id, number, hash) WHERE e.id = r.id"""
_ALL = f"""SELECT number, hash, {_TIME}, action_id, change::text
FROM sandboxes_auditentry WHERE number IS NOT NULL ORDER BY number"""


@dataclass
class Report:
    """What `verify` found: entries `first` to `last` hold, `open` are not sealed yet; `faults` are sentences."""

    first: int = 0
    last: int = 0
    head: str = ""
    open: int = 0
    faults: list[str] = field(default_factory=list)


def seal() -> int:
    """Gives the entries that have none their number and hash, oldest first; how many."""
    total = 0
    while True:
        sealed = _seal_some()
        total += sealed
        if sealed < SEALED_AT_ONCE:
            return total


@transaction.atomic
def _seal_some() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_SEALER])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_LAST)
        number, last = cursor.fetchone() or (0, b"")
        cursor.execute(_OPEN, [SEALED_AT_ONCE])
        rows = cursor.fetchall()
        sealed: list[tuple[int, int, str]] = []
        for key, at, action_id, change in rows:
            number += 1
            last = _hash(bytes(last), number, at, action_id, change)
            sealed.append((key, number, last.hex()))
        if sealed:
            cursor.execute(_SEAL, [list(column) for column in zip(*sealed, strict=True)])
    return len(rows)


def verify(expected: dict[int, str] | None = None) -> Report:
    """Walks the whole chain. `expected` are heads noted earlier, hex hashes by number, which must still be in it."""
    report, before, since, noted = Report(), b"", "", dict(expected or {})
    shown: dict[int, dict[str, Any]] = {}
    for number, found, at, action_id, text in _walk(_ALL):
        if not report.first:
            report.first, since = number, at
        elif number != report.last + 1:
            report.faults.append(f"entries {report.last + 1} to {number - 1} are missing")
        known = before or (b"" if number == 1 else None)
        # The first that is kept, where older ones went by their age, can only be taken at its word.
        if known is not None and _hash(known, number, at, action_id, text) != bytes(found):
            report.faults.append(f"entry {number} (action {action_id}, {at}) was altered, or what stood before it")
        if number in noted and noted.pop(number) != bytes(found).hex():
            report.faults.append(f"entry {number} is not the one that was noted: the chain was written anew")
        report.last, report.head, before = number, bytes(found).hex(), bytes(found)
        shown.setdefault(action_id, {}).update(json.loads(text))
    report.faults += [f"entry {number}, which was noted, is not there" for number in noted if number >= report.first]
    report.faults += _behind(shown, since if report.first > 1 else None)
    report.open = _count_open()
    return report


def _hash(before: bytes, number: int, at: str, action_id: int, change: str) -> bytes:
    return sha256(before + f"\n{number}\n{at}\n{action_id}\n{change}".encode()).digest()


def _behind(shown: dict[int, dict[str, Any]], since: str | None) -> Iterator[str]:
    """Actions whose row says other than their trail: changed where no trigger looked. Open entries are waited for.

    What was asked for before `since` may have had its trail in entries that went by their age.
    """
    young = f"AND requested_at >= '{since}'" if since else ""
    waiting = "SELECT 1 FROM sandboxes_auditentry e WHERE e.action_id = a.id AND e.number IS NULL"
    rows = f"SELECT id, to_jsonb(a)::text FROM sandboxes_action a WHERE NOT EXISTS ({waiting}) {young} ORDER BY id"
    for key, text in _walk(rows):
        trail = shown.get(key)
        if trail is None:
            yield f"action {key} has no trail"
            continue
        if trail.get("kind") is None:
            continue  # its beginning is past its retention
        for name, value in json.loads(text).items():
            # A column that came later than the entry is not in it.
            if name in trail and name not in _UNTOLD and not _same(value, trail[name]):
                yield f"action {key} says {name} is {value!r}, its trail says {trail[name]!r}"


def _same(value: Any, told: Any) -> bool:
    """Equal, or one moment written in two time zones."""
    if value == told or not (isinstance(value, str) and isinstance(told, str)):
        return bool(value == told)
    try:
        return datetime.fromisoformat(value) == datetime.fromisoformat(told)
    except (ValueError, TypeError):
        return False


def _count_open() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sandboxes_auditentry WHERE number IS NULL")
        return int(cursor.fetchone()[0])


def _walk(statement: str) -> Iterator[tuple[Any, ...]]:
    """The rows, some thousands at a time."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(5_000):
            yield from rows
