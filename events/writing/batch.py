"""Writes one batch of arrivals inside the caller's transaction."""

import base64
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from events import metadata_keys
from events.fold import Base, before, fold, view
from events.fold.base import moment
from events.wire import FUTURE_SLACK, PREFIX, Event
from events.wire import moment as moment_of
from events.writing import queries as sql
from events.writing.arrivals import AccountGone, Arrival, Stored
from events.writing.context import BatchContext, batch_context
from events.writing.rows import run_row, sandbox_row
from sandboxes.base.clock import steady_now

Key = tuple[int, str]
Rows = Sequence[tuple[dict[str, Any], Event]]
_base = msgspec.json.Decoder(Base).decode
SEEN_AT_MOST = 200_000
_seen: set[Key] = set()  # sandboxes that this process has found in the record


async def write(connection: sql.Connection, arrivals: Sequence[Arrival]) -> Stored:
    """Keeps new events, folds them into their sandboxes, sets aside what was parked; all or nothing.

    Locks are taken in one order everywhere: new sandboxes, events, then all sandboxes, each by ID. In a pipeline it
    waits for answers once: which events are new, and what their sandboxes were.

    Raises AccountGone when an account is deleted meanwhile; what came for one that was gone before is left out, and
    its key is in the answer's `gone`.
    """
    known = await batch_context(connection, wanted := {arrival.account_id for arrival in arrivals})
    gone = wanted - known.accounts.keys()
    arrivals = [_as_stored(arrival, known) for arrival in arrivals if arrival.account_id not in gone]
    parked = [_parked_row(a) for a in arrivals if a.parked]
    await sql.send(connection, sql.INSERT_PARKED, parked)
    rows = _event_rows([_dated(a, known) for a in arrivals])
    new, locked, parked_before = await _keep(connection, rows)
    fresh = [(row, event) for row, event in rows if (row["account_id"], row["event_id"]) in new]
    held = [row for row, _ in rows if (row["account_id"], row["event_id"]) not in new]
    folded = _fold(locked, known, fresh)
    closing = _told(fresh) if parked_before else []
    others = [(sql.STAMP_WAYS, held), (sql.CLOSE_PARKED, closing), (sql.TOUCH_WEBHOOK, _touches(arrivals))]
    await sql.send_together(connection, [*_written(folded), *others])
    told = [(row["account_id"], new[row["account_id"], row["event_id"]], row, event) for row, event in fresh]
    return Stored(len(fresh), len(held), len(parked), told, {one.key: (one.pk, one.row) for one in folded}, gone)


def _as_stored(arrival: Arrival, known: BatchContext) -> Arrival:
    """Without the metadata that the account's `store_metadata_keys` leave out."""
    keys = known.accounts[arrival.account_id].store_metadata_keys
    if keys is None:
        return arrival
    event, parked = arrival.event, arrival.parked
    return msgspec.structs.replace(
        arrival,
        event=event and metadata_keys.cut_event(event, keys),
        parked=parked and msgspec.structs.replace(parked, body=metadata_keys.cut_body(parked.body, keys)),
    )


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


class _Dated(NamedTuple):
    """An arrival, and the time that its event counts as of where its own can't be (else None)."""

    arrival: Arrival
    folded_at: datetime | None


def _event_rows(arrivals: Sequence[_Dated]) -> list[tuple[dict[str, Any], Event]]:
    """One row an event, whichever ways it came by in this batch."""
    rows: dict[tuple[int, Any], tuple[dict[str, Any], Event]] = {}
    for arrival, folded_at in arrivals:
        event = arrival.event
        if event is None:
            continue
        way = {f"{arrival.source}_at": arrival.received_at} if arrival.source != "observed" else {}
        row = {
            "account_id": arrival.account_id, "event_id": event.id, "type": event.type,
            "sandbox_id": event.sandbox_id, "execution_id": event.execution_id or None,
            "template_id": event.template_id, "timestamp": event.timestamp, "received_at": arrival.received_at,
            "source": arrival.source, "webhook_at": None, "reconcile_at": None, "superseded": False,
            "data": event.data, "raw": event.raw, "folded_at": folded_at,
        } | way  # fmt: skip
        counted = event if folded_at is None else msgspec.structs.replace(event, timestamp=folded_at)
        first = rows.setdefault((arrival.account_id, event.id), (row, counted))[0]
        first.update({k: v for k, v in way.items() if first[k] is None})
    return list(rows.values())


def _dated(arrival: Arrival, known: BatchContext) -> _Dated:
    """An event that is dated well ahead of the backend's own clock counts as of its arrival, and is kept as sent.

    Folded so, it would rule the state, and hide what is seen of it, until then. Our own clock may have been set back.
    """
    event, offset = arrival.event, arrival.clock_offset_seconds
    if offset is None:
        offset = known.accounts[arrival.account_id].clock_offset_seconds
    arrived = max(arrival.received_at, steady_now()) + timedelta(seconds=offset)
    ahead = event is not None and event.timestamp > arrived + FUTURE_SLACK
    return _Dated(arrival, arrived if ahead else None)


async def _keep(connection: sql.Connection, rows: Rows) -> tuple[dict[Any, int], list[tuple[Any, ...]], bool]:
    """Keeps the events. The keys of the new ones by (account, event ID); their sandboxes, locked; is anything parked.

    A webhook is nearly always new: its sandbox is locked in the same breath. What reconcile brings is nearly always
    held: there we look first, and lock only what changes.
    """
    if not rows:
        return {}, [], False
    events = [row for row, _ in rows]
    likely = _keys([row for row in events if row["source"] == "webhook"])
    unknown = [key for key in likely if _key(key) not in _seen]
    if unknown:
        kept = await sql.ask(connection, sql.INSERT_NEW_AND_EVENTS, unknown, unknown, events)
    else:
        kept = await sql.ask(connection, sql.INSERT_EVENTS, events)
    found = await sql.run(connection, sql.LOCK_SANDBOXES, likely)
    told = await kept.fetchall()
    new = {(row[1], row[2]): row[0] for row in told}
    locked = {(row[1], row[2]): row for row in found}
    wanted = _keys([row for row in events if (row["account_id"], row["event_id"]) in new])
    if missing := [key for key in wanted if _key(key) not in locked]:
        await sql.ask(connection, sql.INSERT_NEW, missing, missing)
        locked |= {(row[1], row[2]): row for row in await sql.run(connection, sql.LOCK_SANDBOXES, missing)}
    _remember(locked)
    if any(_key(key) not in locked for key in wanted):
        raise AccountGone("a new sandbox found no account")
    return new, [locked[_key(key)] for key in wanted], any(row[3] for row in told)


def _key(row: dict[str, Any]) -> Key:
    return row["account_id"], row["sandbox_id"]


def _keys(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sandboxes of events, each once, with when it was first heard of."""
    found: dict[Key, dict[str, Any]] = {}
    for row in rows:
        key = _key(row)
        if key not in found:
            found[key] = {"account_id": key[0], "sandbox_id": key[1], "seen_at": row["received_at"]}
    return list(found.values())


def _remember(found: Iterable[Key]) -> None:
    """Sandboxes that this process has found in the record need not be inserted again."""
    if len(_seen) > SEEN_AT_MOST:
        _seen.clear()
    _seen.update(found)


def _fold(locked: list[tuple[Any, ...]], known: BatchContext, fresh: Rows) -> list["_Folded"]:
    """The locked sandboxes with their new events folded in."""
    by_key: dict[Key, list[Event]] = {}
    heard_at: dict[Key, datetime] = {}
    for row, event in fresh:
        key = row["account_id"], event.sandbox_id
        by_key.setdefault(key, []).append(event)
        heard_at[key] = max(row["received_at"], heard_at.get(key, row["received_at"]))
    return [
        _Folded(pk, (account, text), base, by_key[account, text], heard_at[account, text], known)
        for pk, account, text, base in locked
    ]


class _Folded:
    """A sandbox before and after its new events; `row` holds its columns, `heard_at` is when the last came."""

    def __init__(
        self, pk: int, key: Key, base: str, events: list[Event], heard_at: datetime, known: BatchContext
    ) -> None:
        self.pk, self.key, self.events, self.heard_at = pk, key, events, heard_at
        self.base = _base(base)
        self.runs_before, self.told_before = before(self.base)
        for event in events:
            fold(self.base, event)
        self.after = view(self.base)
        self.row = sandbox_row(self.after, known.accounts[key[0]], known.prices.of(key[0]))

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
        (sql.UPDATE_SANDBOXES, [{"id": f.pk, "heard_at": f.heard_at, "fold": f.base} | f.row for f in folded]),
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
