"""The record that a replay reads: lives, runs, leases, moves, protections and samples."""

from typing import Final


def epochs(*columns: str) -> str:
    return ", ".join(f"date_part('epoch', {column})" for column in columns)


LIVED: Final = "s.account_id = ANY(%(accounts)s) AND s.created_at < %(end)s AND coalesce(s.ended_at > %(start)s, true)"
SANDBOXES: Final = f"""
    SELECT s.id, s.guard_id, s.account_id, s.state, s.sandbox_id, s.template_id, s.template_name, s.cpu_count,
           s.memory_mb,
           {epochs("s.paused_at", "s.created_at", "s.first_seen_at", "s.started_at", "s.end_at", "s.ended_at")},
           s.metadata::text
    FROM sandboxes_sandbox s WHERE {LIVED} ORDER BY s.started_at, s.id
"""
# A run's own size comes with its end event; of runs that only lists showed, or that go on, it is the sandbox's.
RUNS: Final = f"""
    SELECT e.sandbox_id, {epochs("e.started_at", "e.ended_at", "e.end_at")}, e.ended_by,
           coalesce(nullif(e.cpu_count, 0), s.cpu_count), coalesce(nullif(e.memory_mb, 0), s.memory_mb)
    FROM sandboxes_execution e JOIN sandboxes_sandbox s ON s.id = e.sandbox_id
    WHERE {LIVED} ORDER BY e.started_at
"""
LEASES: Final = f"""
    SELECT p.sandbox_id, p.key, {epochs("p.since", "p.until")}
    FROM sandboxes_leasespan p JOIN sandboxes_sandbox s ON s.id = p.sandbox_id
    WHERE {LIVED} AND p.since < p.until ORDER BY p.since
"""
MOVES: Final = f"""
    SELECT m.sandbox_id, {epochs("m.at", "m.end_at")}
    FROM sandboxes_executionend m JOIN sandboxes_sandbox s ON s.id = m.sandbox_id
    WHERE {LIVED} ORDER BY m.at
"""
PROTECTS: Final = f"""
    SELECT DISTINCT ON (s.guard_id, a.answered_at)
           s.guard_id, a.kind, a.actor_name, a.reason, a.answered_at, (a.parameters ->> 'until')::timestamptz
    FROM sandboxes_action a
    JOIN sandboxes_sandbox of_it ON of_it.id = a.sandbox_id
    JOIN sandboxes_sandbox s ON s.guard_id = of_it.guard_id
    WHERE a.kind IN ('protect', 'unprotect') AND a.state = 'confirmed' AND a.answered_at < %(end)s AND {LIVED}
    ORDER BY s.guard_id, a.answered_at
"""
PROTECTED: Final = f"""
    SELECT DISTINCT g.id, g.protected_by, g.protected_reason, g.protected_until
    FROM sandboxes_guard g JOIN sandboxes_sandbox s ON s.guard_id = g.id WHERE g.protected AND {LIVED}
"""
ASKED: Final = """(
    SELECT * FROM unnest(%(keys)s::bigint[], %(since)s::timestamptz[], %(until)s::timestamptz[]) a(key, since, until)
) asked"""
MINUTES: Final = f"""
    SELECT sandbox_id, extract(epoch FROM at)::bigint / 60,
           CASE WHEN cardinality(steps) < 60 THEN array_send(steps) END, array_send(samples), array_send(cpu_max)
    FROM {ASKED} JOIN sandboxes_seriesminutes ON sandbox_id = key AND at >= since AND at < until
"""
NOT_ROLLED: Final = f"""
    SELECT sandbox_id, extract(epoch FROM hour)::bigint / 60, array_send(offsets), array_send(cpu)
    FROM {ASKED} JOIN sandboxes_metricseries ON sandbox_id = key AND hour >= since AND hour < until
    WHERE NOT rolled ORDER BY (source = 'poll')
"""
