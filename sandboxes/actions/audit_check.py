"""Walks the audit's chain and finds where somebody has altered it, or took out what is not past its age."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from sandboxes.actions import queries
from sandboxes.core import database

KEPT: Final = timedelta(days=399)  # what is younger may never be missing
_UNRECORDED: Final = {"claimed_until", "claim_number", "next_attempt_at"}  # the trigger leaves them out


@dataclass
class Report:
    """What `verify` found: entries `first` to `last` hold, `open` are not sealed yet; `faults` are sentences.

    Of those that hold, `erased` were relieved of personal data, each by an erasure that is in the chain.
    """

    first: int = 0
    last: int = 0
    head: str = ""
    open: int = 0
    erased: int = 0
    faults: list[str] = field(default_factory=list)


class Checkpoint(NamedTuple):
    """What retention recorded when it removed entries: the last of them, and when it was removed."""

    number: int
    hash: bytes
    at: datetime
    made_at: datetime


def verify(expected: Mapping[int, str] | None = None, now: datetime | None = None) -> Report:
    """Walks the whole chain, as of one moment.

    `expected` are heads noted earlier, hex hashes by number, each of which must still be in it.
    """
    with _one_moment():
        return _verify(dict(expected or {}), now or datetime.now(UTC))


def _verify(noted: dict[int, str], now: datetime) -> Report:
    report, before = Report(), b""
    shown: dict[int, dict[str, Any]] = {}
    checkpoints = [_checkpoint(*row) for row in _walk(queries.AUDIT_CHECKPOINTS)]
    erased = _erased()
    for number, found, at, action_id, text in _walk(queries.AUDIT_ENTRIES):
        if not report.first:
            report.first, known = number, _known_before(number, checkpoints, report.faults)
        else:
            known = before
            if number != report.last + 1:
                report.faults.append(f"entries {report.last + 1} to {number - 1} are missing")
        if '"erased": ' in text and "erased" in json.loads(text):
            if sha256(text.encode()).hexdigest() not in erased.get(number, ()):
                report.faults.append(f"entry {number} ({_of(action_id)}, {at}) was erased, and no erasure names it")
            else:
                report.erased += 1
        elif known is not None and _hash(known, number, at, action_id, text) != bytes(found):
            report.faults.append(f"entry {number} ({_of(action_id)}, {at}) was altered, or what stood before it")
        if number in noted and noted.pop(number) != bytes(found).hex():
            report.faults.append(f"entry {number} is not the one that was noted: the chain was rewritten")
        report.last, report.head, before = number, bytes(found).hex(), bytes(found)
        if action_id:
            shown.setdefault(action_id, {}).update(json.loads(text))
    report.faults += [_not_there(number, found, checkpoints) for number, found in noted.items()]
    waiting = [row[0] for row in _walk(queries.AUDIT_OPEN)]
    report.open = len(waiting)
    report.faults += _behind(shown, set(waiting), now)
    return report


def _of(action_id: int) -> str:
    return f"action {action_id}" if action_id else "settings"


def _erased() -> dict[int, set[str]]:
    """What erased entries have to be like, by number: SHA-256 in hex, as sealed by a later entry of the chain."""
    found: dict[int, set[str]] = {}
    for by, entries in _walk(queries.AUDIT_ERASURES):
        for number, digest in (json.loads(entries) if isinstance(entries, str) else entries).items():
            if int(number) < by:
                found.setdefault(int(number), set()).add(digest)
    return found


def _known_before(number: int, checkpoints: Sequence[Checkpoint], faults: list[str]) -> bytes | None:
    """The hash that the first kept entry goes on from; None when nothing says what stood before it."""
    if number == 1:
        return b""
    found = next((one for one in checkpoints if one.number == number - 1), None)
    if found is None:
        faults.append(f"entries 1 to {number - 1} are missing, and no checkpoint says that their retention had ended")
        return None
    if found.at > found.made_at - KEPT:
        faults.append(
            f"entries up to {found.number} were removed on {found.made_at:%Y-%m-%d}, before their retention ended"
        )
    return found.hash


def _not_there(number: int, noted: str, checkpoints: Sequence[Checkpoint]) -> str:
    last = max((one for one in checkpoints if one.number >= number), default=None)
    if last is None:
        return f"entry {number}, which was noted, is not there"
    if last.number == number and last.hash.hex() != noted:
        return f"entry {number} is not the one that was noted: the chain was rewritten"
    return (
        f"entry {number}, which was noted, is not there: a checkpoint says that its retention ended on "
        f"{last.made_at:%Y-%m-%d}. Expect a head that is younger than {KEPT.days} days"
    )


def _checkpoint(stored: str | dict[str, Any], made_at: datetime) -> Checkpoint:
    """As the database's function wrote it."""
    content = json.loads(stored) if isinstance(stored, str) else stored
    at = datetime.fromisoformat(content["at"])
    return Checkpoint(content["number"], bytes.fromhex(content["hash"]), at, made_at)


def _hash(before: bytes, number: int, at: str, action_id: int, change: str) -> bytes:
    return sha256(before + f"\n{number}\n{at}\n{action_id}\n{change}".encode()).digest()


def _behind(shown: Mapping[int, dict[str, Any]], waiting: set[int], now: datetime) -> Iterator[str]:
    """Actions and trails that don't fit: changed where no trigger looked. Those with open entries are waited for.

    Only what was asked for longer ago than entries are kept may lack the beginning of its trail.
    """
    there: set[int] = set()
    for key, requested_at, text in _walk(queries.AUDITED_ACTIONS):
        there.add(key)
        if key in waiting:
            continue
        trail = shown.get(key, {})
        if "kind" not in trail:
            if requested_at > now - KEPT:
                yield f"action {key} has no trail" if not trail else f"the beginning of action {key}'s trail is missing"
            continue
        for name, value in json.loads(text).items():
            # A column that came later than the entry is not in it.
            if name in trail and name not in _UNRECORDED and not _same(value, trail[name]):
                yield f"action {key} says {name} is {value!r}, its trail says {trail[name]!r}"
    for key in sorted(shown.keys() - there - waiting):
        if not shown[key].get("deleted"):
            yield f"action {key} has a trail and is not there"


def _same(value: Any, recorded: Any) -> bool:
    """Equal, or one moment written in two time zones."""
    if value == recorded or not (isinstance(value, str) and isinstance(recorded, str)):
        return bool(value == recorded)
    try:
        return datetime.fromisoformat(value) == datetime.fromisoformat(recorded)
    except (ValueError, TypeError):
        return False


@contextmanager
def _one_moment() -> Iterator[None]:
    """What is done and sealed between two reads is no fault: all reads see one state of the tables."""
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            database.execute(queries.ONE_SNAPSHOT)
        yield


def _walk(statement: str) -> Iterator[tuple[Any, ...]]:
    """The rows, some thousands at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(5_000):
            yield from rows
