"""A fleet written straight into the record: sandboxes, their locks and runs, as events would have left them."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from benchmarks.stack.standing import ACCOUNT

OWNERS, TEMPLATES = 40, 12
BORN_BEFORE = timedelta(days=7)  # a running one has run for longer: it has samples in all of the history
LONGEST_SECONDS = 3600  # of those that ended

# A square makes the first owners and templates the biggest, as in life.
_NAMES = f"""
SELECT n, 'i' || substr(md5(n::text), 1, 20) AS name,
       'u_' || floor({OWNERS} * (n::bigint * 7919 %% 1000 / 1000.0) ^ 2)::int AS owner,
       'template-' || floor({TEMPLATES} * (n::bigint * 104729 %% 1000 / 1000.0) ^ 2)::int AS template,
       n > %(running)s AS over,
       %(now)s - interval '7 days' + CASE
           WHEN n > %(running)s THEN interval '7 days' * (n::bigint * 15485863 %% 99991 / 99991.0)
           ELSE -make_interval(secs => n %% 3600 + 1) END AS began,
       make_interval(secs => 60 + n * 31 %% {LONGEST_SECONDS}) AS lived
FROM generate_series(1, %(running)s + %(ended)s) AS n"""
_GUARDS = f"""
INSERT INTO sandboxes_guard (id, sandbox_id, claim_number, protected, protected_reason, protected_by)
SELECT n, name, 0, false, '', '' FROM ({_NAMES}) names"""
_SANDBOXES = f"""
INSERT INTO sandboxes_sandbox
    (id, account_id, guard_id, sandbox_id, template_id, template_name, state, created_at, started_at, end_at, ended_at,
     end_reason, cpu_count, memory_mb, disk_mb, metadata, owner, environment, envd_version, closed_cost_usd,
     burn_usd_per_hour, first_seen_at, fold, backfilled_from, backend_state, by_action)
SELECT n, {ACCOUNT}, n, name, template, template, CASE WHEN over THEN 'ended' ELSE 'running' END, began, began,
       began + CASE WHEN over THEN lived ELSE interval '24 days' END,
       CASE WHEN over THEN least(began + lived, %(now)s) END, CASE WHEN over THEN 'timeout' END, 2, 1024, 10240,
       jsonb_build_object('userId', owner, 'env', 'prod'), owner, 'prod', '0.5.9', 0,
       CASE WHEN over THEN 0 ELSE 0.1 END, began, '{{}}', began, '', false
FROM ({_NAMES}) names"""
_RUNS = f"""
INSERT INTO sandboxes_execution
    (sandbox_id, key, started_at, start_known, opened_by, ended_at, ended_by, cpu_count, memory_mb)
SELECT n, 'run-' || n, began, true, 'created', CASE WHEN over THEN least(began + lived, %(now)s) END,
       CASE WHEN over THEN 'killed' ELSE '' END, 2, 1024
FROM ({_NAMES}) names"""


def write(now: datetime, running: int, ended: int = 0) -> None:
    """`running` sandboxes with keys from 1 on that were born before the week, and `ended` ones spread over it."""
    given: dict[str, Any] = {"now": now, "running": running, "ended": ended}
    with connection.cursor() as cursor:
        for statement in (_GUARDS, _SANDBOXES, _RUNS):
            cursor.execute(statement, given)
        for table in ("guard", "sandbox"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('sandboxes_{table}', 'id'), %s)", [running + ended])
        cursor.execute("VACUUM (ANALYZE) sandboxes_guard, sandboxes_sandbox, sandboxes_execution")
