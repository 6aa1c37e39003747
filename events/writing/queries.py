"""The SQL of one batch, a statement for each set. Rows travel as one JSON parameter, taken apart by PostgreSQL."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import psycopg

from events.writing.rows import COLUMNS, RUN_COLUMNS

Connection = psycopg.AsyncConnection[Any]
_encode = msgspec.json.Encoder(decimal_format="number").encode


def recordset(columns: dict[str, str]) -> str:
    """The one parameter as rows with these columns."""
    return f"json_to_recordset(%s::json) AS r({', '.join(f'{name} {kind}' for name, kind in columns.items())})"


EVENT = {
    "account_id": "bigint", "event_id": "uuid", "type": "text", "sandbox_id": "text", "execution_id": "text",
    "template_id": "text", "timestamp": "timestamptz", "received_at": "timestamptz", "source": "text",
    "webhook_at": "timestamptz", "reconcile_at": "timestamptz", "superseded": "bool", "data": "jsonb", "raw": "json",
    "folded_at": "timestamptz",
}  # fmt: skip
KEY = {"account_id": "bigint", "sandbox_id": "text"}

# In the order of the unique key, in every process: two batches with the same events wait, they never cross.
INSERT_EVENTS = f"""
INSERT INTO events_lifecycleevent ({", ".join(EVENT)})
SELECT {", ".join(f"r.{name}" for name in EVENT)} FROM {recordset(EVENT)}
ORDER BY r.account_id, r.event_id
ON CONFLICT (account_id, event_id) DO NOTHING
RETURNING id, account_id, event_id, (SELECT EXISTS (SELECT FROM events_delivery WHERE state = 'parked'))"""

# What came again: only the first time by each way is kept, and only that rewrites the row.
STAMP_WAYS = f"""
UPDATE events_lifecycleevent e
SET webhook_at = coalesce(e.webhook_at, r.webhook_at), reconcile_at = coalesce(e.reconcile_at, r.reconcile_at)
FROM {recordset({k: EVENT[k] for k in ("account_id", "event_id", "webhook_at", "reconcile_at")})}
WHERE e.account_id = r.account_id AND e.event_id = r.event_id
  AND ((e.webhook_at IS NULL AND r.webhook_at IS NOT NULL)
    OR (e.reconcile_at IS NULL AND r.reconcile_at IS NOT NULL))"""

# A look by the index for each row, whatever the planner believes of a table that it has no statistics of.
GUARD = "(SELECT g.id FROM sandboxes_guard g WHERE g.sandbox_id = r.sandbox_id LIMIT 1)"
SANDBOX = "s.account_id = r.account_id AND s.sandbox_id = r.sandbox_id"

INSERT_GUARDS = f"""
INSERT INTO sandboxes_guard (sandbox_id, claim_number, protected, protected_reason, protected_by)
SELECT DISTINCT r.sandbox_id, 0, false, '', ''
FROM {recordset(KEY)}
WHERE {GUARD} IS NULL
ORDER BY 1 ON CONFLICT (sandbox_id) DO NOTHING RETURNING id, sandbox_id"""

# A bare row for each sandbox not held yet; it is filled in below, in the same transaction.
INSERT_SANDBOXES = f"""
INSERT INTO sandboxes_sandbox (account_id, guard_id, sandbox_id, template_id, state, created_at, started_at, metadata,
  envd_version, closed_cost_usd, burn_usd_per_hour, first_seen_at, backend_state, by_action, fold)
SELECT r.account_id, r.guard_id, r.sandbox_id, '', 'running', r.seen_at, r.seen_at, '{{}}', '', 0, 0,
  r.seen_at, '', false, '{{}}'
FROM (
  SELECT r.*, coalesce(m.id, {GUARD}) AS guard_id
  FROM {recordset(KEY | {"seen_at": "timestamptz"})} JOIN sandboxes_account a ON a.id = r.account_id
  LEFT JOIN made m ON m.sandbox_id = r.sandbox_id
) r
WHERE r.guard_id IS NOT NULL AND (SELECT s.id FROM sandboxes_sandbox s WHERE {SANDBOX} LIMIT 1) IS NULL
ORDER BY r.account_id, r.sandbox_id ON CONFLICT (account_id, sandbox_id) DO NOTHING"""

# Both in one, which sees the locks it makes. A lock that another process makes meanwhile it does not see: then its
# sandbox is missing from the lock below, and this is asked once more.
INSERT_NEW = f"WITH made AS ({INSERT_GUARDS}), born AS ({INSERT_SANDBOXES}) SELECT 1"
INSERT_NEW_AND_EVENTS = (
    f"WITH made AS ({INSERT_GUARDS}), born AS ({INSERT_SANDBOXES}), kept AS ({INSERT_EVENTS}) SELECT * FROM kept"
)

LOCK_SANDBOXES = f"""
SELECT s.* FROM (SELECT * FROM {recordset(KEY)} ORDER BY account_id, sandbox_id) r
CROSS JOIN LATERAL (
  SELECT s.id, s.account_id, s.sandbox_id, s.fold FROM sandboxes_sandbox s WHERE {SANDBOX} LIMIT 1 FOR UPDATE
) s"""

# A guess about a death holds only for that death: one told otherwise, or a sandbox that is back, is looked at anew.
SAME_END = "s.ended_at = r.ended_at AND s.end_reason = r.end_reason"
GUESSED = ("probable_cause", "cause_looked_at")
# Back after its death, or an ID that is used again: to every policy it is as new as this moment, by our clock.
RETURNED = """s.fold <> '{}' AND (
    (s.state = 'ended' AND r.state <> 'ended') OR r.created_at > s.created_at + interval '2 minutes')"""
UPDATE_SANDBOXES = f"""
UPDATE sandboxes_sandbox s SET {", ".join(f"{name} = r.{name}" for name in COLUMNS)},
  returned_at = CASE WHEN {RETURNED} THEN r.heard_at ELSE s.returned_at END,
  {", ".join(f"{n} = CASE WHEN {SAME_END} THEN s.{n} END" for n in GUESSED)}
FROM {recordset({"id": "int", "heard_at": "timestamptz"} | COLUMNS)} WHERE s.id = r.id"""

UPSERT_RUNS = f"""
INSERT INTO sandboxes_execution (sandbox_id, {", ".join(RUN_COLUMNS)})
SELECT r.sandbox_id, {", ".join(f"r.{name}" for name in RUN_COLUMNS)}
FROM {recordset({"sandbox_id": "int"} | RUN_COLUMNS)}
ON CONFLICT (sandbox_id, key) DO UPDATE SET {", ".join(f"{n} = excluded.{n}" for n in RUN_COLUMNS if n != "key")}"""

DELETE_RUNS = f"""
DELETE FROM sandboxes_execution e USING {recordset({"sandbox_id": "int", "key": "text"})}
WHERE e.sandbox_id = r.sandbox_id AND e.key = r.key"""

INSERT_ENDS = f"""
INSERT INTO sandboxes_executionend (sandbox_id, at, end_at)
SELECT r.sandbox_id, r.at, r.end_at
FROM {recordset({"sandbox_id": "int", "at": "timestamptz", "end_at": "timestamptz"})}
ON CONFLICT DO NOTHING"""

# An observed event steps back once E2B's own event tells the same change of the same run.
SUPERSEDE = f"""
UPDATE events_lifecycleevent e SET superseded = true
FROM {recordset(KEY | {"type": "text", "started_at": "text"})}
WHERE e.account_id = r.account_id AND e.sandbox_id = r.sandbox_id AND e.source = 'observed' AND NOT e.superseded
  AND e.type = r.type AND e.data ->> 'started_at' = r.started_at"""

SUPERSEDE_MOVES = f"""
UPDATE events_lifecycleevent e SET superseded = true
FROM {recordset(KEY | {"end_at": "timestamptz"})}
WHERE e.account_id = r.account_id AND e.sandbox_id = r.sandbox_id AND e.source = 'observed' AND NOT e.superseded
  AND e.type = 'sandbox.lifecycle.updated' AND e.data ? 'set_timeout'
  AND abs(extract(epoch FROM (e.data ->> 'set_timeout')::timestamptz - r.end_at)) < 2"""

INSERT_PARKED = f"""
INSERT INTO events_delivery (account_id, state, reason, event_id, source, received_at, headers, body)
SELECT r.account_id, 'parked', r.reason, r.event_id, r.source, r.received_at, r.headers, decode(r.body, 'base64')
FROM {recordset({"account_id": "bigint", "reason": "text", "event_id": "text", "source": "text",
                 "received_at": "timestamptz", "headers": "jsonb", "body": "text"})}"""  # fmt: skip

# A parked delivery is closed when the same ID arrives in readable form.
CLOSE_PARKED = f"""
UPDATE events_delivery d SET state = 'replayed' FROM {recordset({"account_id": "bigint", "event_id": "text"})}
WHERE d.account_id = r.account_id AND d.event_id = r.event_id AND d.state = 'parked' AND d.event_id <> ''"""

TOUCH_WEBHOOK = f"""
UPDATE sandboxes_accounthealth h
SET webhook_last_at = greatest(h.webhook_last_at, r.at), webhook_since = coalesce(h.webhook_since, r.at)
FROM {recordset({"account_id": "bigint", "at": "timestamptz"})}
WHERE h.account_id = r.account_id
  AND (h.webhook_since IS NULL OR h.webhook_last_at IS NULL OR h.webhook_last_at < r.at - interval '1 second')"""


# What folding asks of every account.
ACCOUNTS = """
SELECT a.id, a.url, a.owner_keys, a.environment_keys, coalesce(h.templates, '{}'), coalesce(h.clock_offset_seconds, 0),
       a.store_metadata_keys
FROM sandboxes_account a LEFT JOIN sandboxes_accounthealth h ON h.account_id = a.id"""


async def ask(connection: Connection, statement: str, *rows: Sequence[dict[str, Any]]) -> psycopg.AsyncCursor[Any]:
    """Queues `statement` over `rows`, one list a parameter, in the connection's pipeline; its answer can be fetched."""
    return await connection.execute(statement, [_encode(one).decode() for one in rows])


async def send(connection: Connection, statement: str, rows: Sequence[dict[str, Any]]) -> None:
    """Queues `statement` over `rows`; its answer is not waited for. Nothing for no rows."""
    if rows:
        await ask(connection, statement, rows)


async def run(connection: Connection, statement: str, rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Runs `statement` over `rows`, and what was queued before it; the rows that it returns. Nothing for no rows."""
    return await (await ask(connection, statement, rows)).fetchall() if rows else []


async def send_together(connection: Connection, parts: Sequence[tuple[str, Sequence[dict[str, Any]]]]) -> None:
    """Queues several (statement, rows) as one, which costs a fraction of as many.

    They see the record as it was before all of them, in no set order: none may need what another one writes.
    """
    full = [(statement, rows) for statement, rows in parts if rows]
    if full:
        text = _together(tuple(statement for statement, _ in full))
        await connection.execute(text, [_encode(rows).decode() for _, rows in full])


@cache
def _together(statements: tuple[str, ...]) -> str:
    parts = (f"part_{number} AS ({statement})" for number, statement in enumerate(statements))
    return f"WITH {', '.join(parts)} SELECT 1"
