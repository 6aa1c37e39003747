"""Writes one batch of arrivals inside the caller's transaction."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from events.fold import Base, before, fold, view
from events.fold.base import moment
from events.wire import PREFIX, Event
from events.wire import moment as moment_of
from events.writing import statements as sql
from events.writing.arrivals import Arrival, Stored
from events.writing.house import House, house
from events.writing.rows import run_row, sandbox_row

Key = tuple[int, str]
_base = msgspec.json.Decoder(Base).decode
SEEN_AT_MOST = 200_000
_seen: set[Key] = set()  # sandboxes that this process has found in the record


async def write(connection: sql.Connection, arrivals: Sequence[Arrival]) -> Stored:
    """Keeps new events, folds them into their sandboxes, sets aside what was parked; all or nothing.

    Locks are taken in one order everywhere: events by ID, then sandboxes by ID. In a pipeline it waits for answers
    twice: which events are new, and what their sandboxes were.
    """
    known = await house(connection)
    parked = [_parked_row(a) for a in arrivals if a.parked]
    rows = _event_rows([a for a in arrivals if a.account_id in known.accounts])
    await sql.send(connection, sql.INSERT_PARKED, parked)
    new = {(row[1], row[2]): row[0] for row in await sql.run(connection, sql.INSERT_EVENTS, [r for r, _ in rows])}
    fresh = [(row, event) for row, event in rows if (row["account_id"], row["event_id"]) in new]
    held = [row for row, _ in rows if (row["account_id"], row["event_id"]) not in new]
    folded = await _fold(connection, known, fresh)
    await sql.send_together(connection, [*_written(folded), (sql.STAMP_WAYS, held), (sql.CLOSE_PARKED, _told(fresh))])
    await sql.send(connection, sql.TOUCH_WEBHOOK, _touches(arrivals))
    told = [(row["account_id"], new[row["account_id"], row["event_id"]], row, event) for row, event in fresh]
    return Stored(len(fresh), len(held), len(parked), told, {one.key: (one.pk, one.row) for one in folded})


def _told(fresh: list[tuple[dict[str, Any], Event]]) -> list[dict[str, Any]]:
    """The new events whose readable form closes what was parked of them."""
    return [
        {"account_id": row["account_id"], "event_id": str(row["event_id"])}
        for row, _ in fresh
        if row["source"] != "observed"
    ]


def _touches(arrivals: Sequence[Arrival]) -> list[dict[str, Any]]:
    """When each account's last webhook came."""
    webhooks: dict[int, datetime] = {}
    for arrival in arrivals:
        if arrival.source == "webhook":
            known = webhooks.setdefault(arrival.account_id, arrival.received_at)
            webhooks[arrival.account_id] = max(known, arrival.received_at)
    return [{"account_id": account, "at": at} for account, at in webhooks.items()]


def _event_rows(arrivals: Sequence[Arrival]) -> list[tuple[dict[str, Any], Event]]:
    """One row an event, whichever ways it came by in this batch."""
    rows: dict[tuple[int, Any], tuple[dict[str, Any], Event]] = {}
    for arrival in arrivals:
        event = arrival.event
        if event is None:
            continue
        way = {f"{arrival.source}_at": arrival.received_at} if arrival.source != "observed" else {}
        row = {
            "account_id": arrival.account_id, "event_id": event.id, "type": event.type,
            "sandbox_id": event.sandbox_id, "execution_id": event.execution_id or None,
            "template_id": event.template_id, "timestamp": event.timestamp, "received_at": arrival.received_at,
            "source": arrival.source, "webhook_at": None, "reconcile_at": None, "superseded": False,
            "data": event.data, "raw": event.raw,
        } | way  # fmt: skip
        first = rows.setdefault((arrival.account_id, event.id), (row, event))[0]
        first.update({k: v for k, v in way.items() if first[k] is None})
    return list(rows.values())


async def _fold(connection: sql.Connection, known: House, fresh: list[tuple[dict[str, Any], Event]]) -> list["_Folded"]:
    """The sandboxes of new events, locked, with those events folded in."""
    by_key: dict[Key, list[Event]] = {}
    first_seen: dict[Key, Any] = {}
    for row, event in fresh:
        key = (row["account_id"], event.sandbox_id)
        by_key.setdefault(key, []).append(event)
        first_seen.setdefault(key, row["received_at"])
    keys = [{"account_id": a, "sandbox_id": s, "seen_at": first_seen[a, s]} for a, s in by_key]
    locked = await _locked(connection, keys)
    return [_Folded(pk, (account, text), base, by_key[account, text], known) for pk, account, text, base in locked]


async def _locked(connection: sql.Connection, keys: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """(key, account, ID, fold) of the sandboxes, locked in one order; those not held yet are held now.

    Rows are inserted before any is locked, so that two batches can't wait for each other. A sandbox that this process
    has seen need not be inserted; should it have been deleted since, it is missing from the answer and inserted after.
    """
    new = [key for key in keys if (key["account_id"], key["sandbox_id"]) not in _seen]
    locked = await _insert_and_lock(connection, new, keys)
    if len(locked) < len(keys):
        locked = await _insert_and_lock(connection, keys, keys)
    if len(_seen) > SEEN_AT_MOST:
        _seen.clear()
    _seen.update((account, text) for _, account, text, _ in locked)
    return locked


async def _insert_and_lock(
    connection: sql.Connection, new: list[dict[str, Any]], keys: list[dict[str, Any]]
) -> list[tuple[Any, ...]]:
    await sql.send(connection, sql.INSERT_GUARDS, new)
    await sql.send(connection, sql.INSERT_SANDBOXES, new)
    return await sql.run(connection, sql.LOCK_SANDBOXES, keys)


class _Folded:
    """A sandbox before and after its new events; `row` holds its columns."""

    def __init__(self, pk: int, key: Key, base: str, events: list[Event], known: House) -> None:
        self.pk, self.key, self.events = pk, key, events
        self.base = _base(base)
        self.runs_before, self.told_before = before(self.base)
        for event in events:
            fold(self.base, event)
        self.after = view(self.base)
        self.row = sandbox_row(self.after, known.accounts[key[0]], known.prices)

    @property
    def changed_runs(self) -> list[dict[str, Any]]:
        return [{"sandbox_id": self.pk} | run_row(run) for run in self.after.runs if run not in self.runs_before]

    @property
    def dropped_runs(self) -> list[dict[str, Any]]:
        held = {run.key for run in self.runs_before}
        return [{"sandbox_id": self.pk, "key": key} for key in held - {run.key for run in self.after.runs}]

    @property
    def moves(self) -> list[dict[str, Any]]:
        """Each move of an end that the new events tell."""
        ends = [(event, moment_of((event.data or {}).get("set_timeout"))) for event in self.events]
        return [{"sandbox_id": self.pk, "at": event.timestamp, "end_at": end} for event, end in ends if end]

    @property
    def superseded(self) -> list[dict[str, Any]]:
        """What E2B's own events tell too, where that or an observed event is new."""
        observed = any(event.execution_id is None for event in self.events)
        told = self.after.told if observed else self.after.told - self.told_before
        return [
            {"account_id": self.key[0], "sandbox_id": self.key[1], "type": PREFIX + word,
             "started_at": moment(started).isoformat()}
            for word, started in told
        ]  # fmt: skip

    @property
    def superseded_moves(self) -> list[dict[str, Any]]:
        real = [event for event in self.events if event.execution_id is not None and event.word == "updated"]
        ends = [moment_of((event.data or {}).get("set_timeout")) for event in real] if self.base.looks else []
        return [{"account_id": self.key[0], "sandbox_id": self.key[1], "end_at": end} for end in ends if end]


def _written(folded: list[_Folded]) -> list[tuple[str, list[dict[str, Any]]]]:
    """What folding changed, as (statement, rows); each statement writes rows that no other one does."""
    return [
        (sql.UPDATE_SANDBOXES, [{"id": f.pk, "fold": f.base} | f.row for f in folded]),
        (sql.DELETE_RUNS, [row for f in folded for row in f.dropped_runs]),
        (sql.UPSERT_RUNS, [row for f in folded for row in f.changed_runs]),
        (sql.INSERT_ENDS, [row for f in folded for row in f.moves]),
        (sql.SUPERSEDE, [row for f in folded for row in f.superseded]),
        (sql.SUPERSEDE_MOVES, [row for f in folded for row in f.superseded_moves]),
    ]


def _parked_row(arrival: Arrival) -> dict[str, Any]:
    parked = arrival.parked
    assert parked is not None
    return {
        "account_id": arrival.account_id,
        "reason": parked.reason,
        "event_id": parked.event_id,
        "source": arrival.source,
        "received_at": arrival.received_at,
        "headers": parked.headers,
        "body": base64.b64encode(parked.body).decode(),
    }
