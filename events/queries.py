"""What of events is past its retention, a simulated fleet that is forgotten, and the planned ends beside an event."""

from typing import Final

# What hangs on a sandbox, then what hangs on the account; each statement takes the account's primary key.
OF_A_SANDBOX = "DELETE FROM {0} t USING sandboxes_sandbox s WHERE s.id = t.sandbox_id AND s.account_id = %s"
CONDEMNED = """
UPDATE sandboxes_guard g SET condemned_by_id = NULL
FROM sandboxes_action a WHERE a.id = g.condemned_by_id AND a.account_id = %s"""
LEFT_GUARDS = """
DELETE FROM sandboxes_guard g WHERE NOT EXISTS (SELECT 1 FROM sandboxes_sandbox s WHERE s.guard_id = g.id)"""
FORGET_FLEET = [
    *(OF_A_SANDBOX.format(f"sandboxes_{name}") for name in ("executionend", "execution", "verdict", "leasespan")),
    *(OF_A_SANDBOX.format(f"sandboxes_{name}") for name in ("metricseries", "seriesminutes", "serieshours")),
    CONDEMNED,
    *(
        f"DELETE FROM {table} WHERE account_id = %s"
        for table in (
            "sandboxes_action", "sandboxes_sandbox", "sandboxes_metricframe", "sandboxes_fleetminute",
            "sandboxes_fleetten", "sandboxes_fleethour", "sandboxes_fleetgroup",
            "events_lifecycleevent", "events_delivery", "events_reconcilemark", "sandboxes_accounthealth",
        )
    ),
]  # fmt: skip
# All tables' statistics of a fleet that came at once.
ANALYZE: Final = """
ANALYZE sandboxes_sandbox, sandboxes_guard, sandboxes_execution, sandboxes_executionend, sandboxes_metricseries,
    sandboxes_fleetminute, events_lifecycleevent"""
_SOME: Final = "DELETE FROM {0} WHERE id = ANY(ARRAY(SELECT id FROM {0} WHERE {1} LIMIT {2}))"
BATCH: Final = 5_000  # rows a statement, so that no transaction is long
EVENTS_PAST_RETENTION: Final = _SOME.format("events_lifecycleevent", "timestamp < %s", BATCH)
PARKED_PAST_RETENTION: Final = _SOME.format("events_delivery", "state <> 'refused' AND received_at < %s", BATCH)
REFUSED_PAST_RETENTION: Final = _SOME.format("events_delivery", "state = 'refused' AND received_at < %s", BATCH)
REFUSED_BEYOND: Final = _SOME.format(
    "events_delivery",
    "id IN (SELECT id FROM events_delivery WHERE state = 'refused' ORDER BY received_at DESC OFFSET %s)",
    BATCH,
)
# An end of an earlier run says nothing of this one: only what was reported since the run began counts.
ENDS_BEFORE: Final = """
SELECT (
    SELECT x.end_at FROM sandboxes_executionend x
    WHERE x.sandbox_id = m.key AND x.at < m.at AND x.at >= coalesce((
        SELECT max(r.started_at) FROM sandboxes_execution r WHERE r.sandbox_id = m.key AND r.started_at <= m.at
    ), '-infinity')
    ORDER BY x.at DESC, x.end_at DESC LIMIT 1)
FROM unnest(%s::int[], %s::timestamptz[]) WITH ORDINALITY AS m (key, at, place) ORDER BY m.place"""
# E2B's `created` names no timeout: the first list after it does, seconds later.
ENDS_AFTER: Final = """
SELECT (
    SELECT x.end_at FROM sandboxes_executionend x
    WHERE x.sandbox_id = m.key AND x.at >= m.at AND x.at < m.at + interval '2 minutes'
    ORDER BY x.at, x.end_at LIMIT 1)
FROM unnest(%s::int[], %s::timestamptz[]) WITH ORDINALITY AS m (key, at, place) ORDER BY m.place"""
