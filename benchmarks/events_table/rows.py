"""Rows as the record holds them, spread over the days that it keeps; the same in both layouts."""

import random
import uuid
from datetime import timedelta
from typing import Any

import psycopg

from benchmarks.events_table.layouts import DAYS, NAMES, NOW, Layout

SANDBOX_EVENTS = 20  # events of a sandbox
STEP = 100_000  # rows of one statement
_rng = random.Random(7)
_held: list[str] = [f"00000000-0000-4000-8000-{n:012d}" for n in range(1, 2_000)]

# Row n of `count`: its time, its ID and the body that E2B sent, about 700 bytes. IDs are spread as a UUID's are.
MADE = f"""
SELECT * FROM (SELECT 1, CASE WHEN n < 2000 THEN ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid
  ELSE md5(n::text)::uuid END,
  'sandbox.lifecycle.updated', 'i' || lpad((n / %(events)s)::text, 20, '0'), md5((n / 5)::text),
  'benchtemplate', at, at, 'webhook', at, NULL::timestamptz, false, data,
  data || jsonb_build_object('id', md5(n::text), 'sandbox_id', n / %(events)s, 'timestamp', at, 'version', 'v2',
    'sandbox_team_id', repeat('t', 36), 'sandbox_build_id', repeat('b', 36), 'event_label', 'update')
FROM (SELECT n, %(now)s - interval '1 day' * %(days)s * (1 - n::float / %(count)s) AS at,
        jsonb_build_object('sandbox_metadata', jsonb_build_object('userId', 'u_' || n %% 500, 'env', 'prod'),
          'execution', jsonb_build_object('vcpu_count', 2, 'memory_mb', 512, 'execution_time', n)) AS data
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) AS numbered) AS made({NAMES})"""


def fill(connection: psycopg.Connection, layout: Layout, count: int) -> None:
    """`count` rows, oldest first, as they would have come."""
    values = {"now": NOW, "days": DAYS, "count": count, "events": SANDBOX_EVENTS}
    for first in range(1, count + 1, STEP):
        span = {"first": first, "last": min(first + STEP - 1, count)}
        connection.execute(layout.fill.format(rows=MADE), values | span)


def fresh(count: int, *, held: int) -> list[dict[str, Any]]:
    """Events of now, `held` of them such as the record has already."""
    return [_row(_rng.choice(_held) if n < held else _uuid()) for n in range(count)]


def _uuid() -> str:
    return str(uuid.UUID(int=_rng.getrandbits(128), version=4))


def _row(event_id: str) -> dict[str, Any]:
    at = (NOW - timedelta(seconds=_rng.random() * 60)).isoformat()
    data = {"sandbox_metadata": {"userId": "u_1", "env": "prod"}, "execution": {"vcpu_count": 2, "memory_mb": 512}}
    raw = {
        "id": event_id,
        "event_data": data,
        "timestamp": at,
        "sandbox_team_id": "t" * 36,
        "sandbox_build_id": "b" * 36,
    }
    return {
        "account_id": 1, "event_id": event_id, "type": "sandbox.lifecycle.updated",
        "sandbox_id": f"i{_rng.randrange(10_000):020d}", "execution_id": _uuid(), "template_id": "benchtemplate",
        "timestamp": at, "received_at": at, "source": "webhook", "webhook_at": at, "reconcile_at": None,
        "superseded": False, "data": data, "raw": raw,
    }  # fmt: skip
