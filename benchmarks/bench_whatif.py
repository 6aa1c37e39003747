"""How long a policy takes to be previewed: a week of 10,000 sandboxes, their runs, leases, ends and samples, by SQL.

`python -m benchmarks.bench_whatif`. SANDBOXES (10,000) lived in the week, RUNNING (2,000) of them still do, up to seven
days old. The last line is one JSON object: for each kind of policy the seconds of a preview alone, and with a sweep of
five values, five policies replayed at once.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.stack.standing import ACCOUNT, folder, standing

if TYPE_CHECKING:
    from sandboxes.cleanup.whatif import Preview
    from sandboxes.policies import PolicySpec

SANDBOXES = int(os.environ.get("SANDBOXES", "10000"))
RUNNING = int(os.environ.get("RUNNING", "2000"))
ROUNDS = 3
ASKED: dict[str, dict[str, Any]] = {
    "older_than": {"orphan_when": {"older_than_seconds": 14_400}},
    "past_end": {"orphan_when": {"past_end_seconds": 600}},
    "no_lease": {"orphan_when": {"no_lease_for_seconds": 900, "older_than_seconds": 300}},
    "idle": {"orphan_when": {"idle_cpu_below_pct": 2, "idle_for_seconds": 600, "older_than_seconds": 1800}},
    "duplicates": {"orphan_when": {"duplicate_of": ["run"]}},
}

_GUARDS = """
INSERT INTO sandboxes_guard (id, sandbox_id, claim_number, protected, protected_reason, protected_by)
SELECT n, 'i' || n, 0, false, '', '' FROM generate_series(1, %(sandboxes)s) n"""
_SANDBOXES = f"""
INSERT INTO sandboxes_sandbox
    (id, account_id, guard_id, sandbox_id, template_id, state, created_at, started_at, end_at, ended_at, cpu_count,
     memory_mb, metadata, envd_version, closed_cost_usd, burn_usd_per_hour, first_seen_at, fold,
     backend_state, by_action)
SELECT n, {ACCOUNT}, n, 'i' || n, 'base', CASE WHEN over THEN 'ended' ELSE 'running' END, began, began,
       CASE WHEN over THEN NULL ELSE %(now)s END, CASE WHEN over THEN least(began + lived, %(now)s) END, 2, 1024,
       jsonb_build_object('run', 'r' || n / 4), '0.5.9', 0, CASE WHEN over THEN 0 ELSE 0.1 END, began, '{{}}',
       '', false
FROM (SELECT n, n > %(running)s AS over,
             %(now)s - interval '7 days' * (n::bigint * 15485863 %% 99991 / 99991.0) AS began,
             make_interval(secs => 1800 + n::bigint * 7919 %% 40000) AS lived
      FROM generate_series(1, %(sandboxes)s) n) made"""
_RUNS = """
INSERT INTO sandboxes_execution (sandbox_id, key, started_at, start_known, opened_by, ended_at, ended_by, cpu_count,
                                 memory_mb, end_at)
SELECT id, 'run-' || id, created_at, true, 'created', ended_at, CASE WHEN ended_at IS NULL THEN '' ELSE 'killed' END,
       2, 1024, end_at FROM sandboxes_sandbox"""
_ENDS = """
INSERT INTO sandboxes_executionend (sandbox_id, at, end_at)
SELECT id, created_at + k * interval '20 minutes', created_at + k * interval '20 minutes' + interval '30 minutes'
FROM sandboxes_sandbox, generate_series(0, 5) k"""
_LEASES = """
INSERT INTO sandboxes_leasespan (key, sandbox_id, since, until, token)
SELECT 'lease', id, created_at, created_at + make_interval(secs => 600 + id %% 7200), '' FROM sandboxes_sandbox"""
_MINUTES = """
INSERT INTO sandboxes_seriesminutes (sandbox_id, at, steps, samples, cpu_min, cpu_mean, cpu_max, mem_min, mem_mean,
                                     mem_max, disk_min, disk_mean, disk_max)
SELECT s.id, at, array(SELECT generate_series(0, 59)::smallint), array_fill(12::smallint, ARRAY[60]), '{}', '{}',
       array(SELECT (CASE WHEN (s.id * 31 + extract(hour FROM at)::int * 17 + m) / 25 %% 3 = 0 THEN 5000 ELSE 90 END
                     )::smallint
             FROM generate_series(0, 59) m), '{}', '{}', '{}', '{}', '{}', '{}'
FROM sandboxes_sandbox s,
     generate_series(date_trunc('hour', s.created_at),
                     least(coalesce(s.ended_at, %(now)s), %(now)s - interval '2 hours'),
                     interval '1 hour') at"""
_SERIES = """
INSERT INTO sandboxes_metricseries (sandbox_id, hour, source, step_seconds, offsets, cpu, mem, disk, cpu_max, mem_max,
                                    rolled)
SELECT s.id, hour, 'poll', 5, array(SELECT (o * 5)::smallint FROM generate_series(0, 719) o),
       array(SELECT (90 + (o + s.id) %% 20 * 10)::smallint FROM generate_series(0, 719) o), '{}', '{}', 280, 1, false
FROM sandboxes_sandbox s,
     generate_series(date_trunc('hour', %(now)s - interval '1 hour'), %(now)s, interval '1 hour') hour
WHERE s.ended_at IS NULL AND s.created_at < hour"""
_FLEET = f"""
INSERT INTO sandboxes_fleetminute (account_id, minute, source, running, paused, started, ended, burn_usd_per_hour,
    samples, cpu_sum, mem_sum, disk_samples, disk_sum, cpu_hist, mem_hist)
VALUES ({ACCOUNT}, %(now)s - interval '8 days', 'poll', 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, '{{}}', '{{}}'),
       ({ACCOUNT}, date_trunc('minute', %(now)s) - interval '7 days' + interval '1 minute',
        'poll', 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, '{{}}', '{{}}')"""


def main() -> None:
    """Fills once, asks each policy `ROUNDS` times, tells the best."""
    now = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
    with folder() as home, standing(home):
        _fill(now)
        took = {name: _ask(name, given, now) for name, given in ASKED.items()}
    alone = {f"{name}_alone_seconds": seconds for name, (seconds, _) in took.items()}
    swept = {f"{name}_seconds": seconds for name, (_, seconds) in took.items()}
    print(json.dumps(swept | alone | {"worst_alone": max(alone.values()), "worst": max(swept.values())}))


def _fill(now: datetime) -> None:
    from django.db import connection

    from benchmarks.query.history import make_parts

    began = time.perf_counter()
    make_parts(now)
    given: dict[str, Any] = {"now": now, "sandboxes": SANDBOXES, "running": RUNNING}
    with connection.cursor() as cursor:
        for statement in (_GUARDS, _SANDBOXES, _RUNS, _ENDS, _LEASES, _MINUTES, _SERIES, _FLEET):
            cursor.execute(statement, given)
        cursor.execute("ANALYZE")
        cursor.execute(
            "SELECT (SELECT count(*) FROM sandboxes_seriesminutes), (SELECT count(*) FROM sandboxes_metricseries)"
        )
        print(
            f"filled in {time.perf_counter() - began:.0f} s: minutes and series rows {cursor.fetchone()}",
            file=sys.stderr,
        )


def _ask(name: str, given: dict[str, Any], now: datetime) -> tuple[float, float]:
    """Seconds of the preview alone and with its sweep."""
    from sandboxes.cleanup.whatif import number_that_matters
    from sandboxes.policies import parse

    spec = parse({"name": name, "action": "kill", **given})
    alone, _ = _best(spec, now, None)
    seconds, found = _best(spec, now, number_that_matters(spec))
    past = found.history
    tried = [(one.value, one.history.would_have_hit) for one in found.sweep]
    print(f"{name}: {alone:.2f} s, swept {seconds:.2f} s, hit {past.would_have_hit} of {past.lived}, used again "
          f"{past.showed_life_after}, most at once {past.most_in_one_run}, sweep {tried}", file=sys.stderr)  # fmt: skip
    return alone, seconds


def _best(spec: "PolicySpec", now: datetime, sweep: str | None) -> tuple[float, "Preview"]:
    """The least seconds of `ROUNDS` previews, and what the last said."""
    from sandboxes.cleanup.whatif import preview

    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = preview(spec, now, sweep=sweep)
        took.append(time.perf_counter() - began)
    return round(min(took), 2), found


if __name__ == "__main__":
    main()
