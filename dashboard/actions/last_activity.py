"""What was used last: at work, run again, or kept alive by another end; of many sandboxes at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from sandboxes.fleet.search import details
from sandboxes.models import Sandbox

AT_WORK_PCT: Final = 2.0  # of all cores: what cost and what-if count as a sign of life
LOOK_BACK: Final = timedelta(hours=2)  # an hour's series of each is opened; older work is no sign any more


@dataclass(frozen=True)
class Sign:
    """When, and what it was: `cpu`, `run` or `end moved`; `cpu_pct` where the newest sample is the sign."""

    at: datetime
    what: str
    cpu_pct: float | None = None


def last_signs(keys: Sequence[int], now: datetime, *, enough: int) -> dict[int, Sign]:
    """The latest signs of running sandboxes; of no others where `enough` are at work this moment.

    Every sandbox has at least the start of its run.
    """
    working = _at_work_now(keys, now)
    if len(working) >= enough:
        return working
    given: dict[str, Any] = {"keys": list(keys), "since": now - LOOK_BACK, "at_work": round(AT_WORK_PCT * 100)}
    found: dict[int, Sign] = {}
    for statement, what in ((_STARTED, "run"), (_MOVED, "end moved"), (_AT_WORK, "cpu")):
        with connection.cursor() as cursor:
            cursor.execute(statement, given)
            for key, at in cursor.fetchall():
                if key not in found or at > found[key].at:
                    found[key] = Sign(at, what)
    return found | working


def _at_work_now(keys: Sequence[int], now: datetime) -> dict[int, Sign]:
    accounts = list(Sandbox.objects.filter(id__in=details.these(keys)).values_list("account_id", flat=True).distinct())
    samples = details.newest_samples(keys, accounts, now)
    return {
        key: Sign(sample.sampled_at, "cpu", sample.cpu_pct)
        for key, sample in samples.items()
        if sample.sampled_at and sample.cpu_pct is not None and sample.cpu_pct >= AT_WORK_PCT
    }


_STARTED: Final = "SELECT id, started_at FROM sandboxes_sandbox WHERE id = ANY(%(keys)s)"
# A connect tells the end anew even where it did not move: that alone is no sign of use.
_MOVED: Final = """
    SELECT sandbox_id, max(at) FROM (
        SELECT sandbox_id, at, end_at - lag(end_at) OVER (PARTITION BY sandbox_id ORDER BY at, end_at) AS moved
        FROM sandboxes_executionend WHERE sandbox_id = ANY(%(keys)s)
    ) m WHERE abs(extract(epoch FROM moved)) >= 2 GROUP BY sandbox_id"""
_AT_WORK: Final = """
    SELECT s.sandbox_id, s.hour + max(o.after) * interval '1 second'
    FROM (
        SELECT DISTINCT ON (sandbox_id) sandbox_id, hour, offsets, cpu FROM sandboxes_metricseries
        WHERE sandbox_id = ANY(%(keys)s) AND hour >= date_trunc('hour', %(since)s::timestamptz, 'UTC')
          AND cpu_max >= %(at_work)s
        ORDER BY sandbox_id, hour DESC
    ) s CROSS JOIN LATERAL unnest(s.offsets, s.cpu) AS o (after, cpu)
    WHERE o.cpu >= %(at_work)s GROUP BY s.sandbox_id, s.hour"""
