"""Policies, facts and CPU windows of tests, as of one moment."""

from datetime import UTC, datetime, timedelta

from sandboxes.base.clock import BackendTime
from sandboxes.policies import (
    CpuWindow,
    Facts,
    judge,
    parse,
)

NOW = BackendTime(datetime(2026, 8, 21, 12, 0, tzinfo=UTC))


def ago(seconds):
    return BackendTime(NOW - timedelta(seconds=seconds))


def policy(match=None, **orphan_when):
    return parse({"name": "p", "match": match or {}, "orphan_when": orphan_when})


def facts(**known):
    plain = {
        "sandbox_id": "i1", "account": "default", "state": "running", "template_id": "base",
        "created_at": ago(7200), "started_at": ago(3600), "first_seen_at": ago(7200),
    }  # fmt: skip
    return Facts(**(plain | known))


def window(**known):
    plain = {"since": ago(600), "until": NOW, "samples": 120, "cpu_max_pct": 0.5, "largest_gap_seconds": 6.0}
    return CpuWindow(**(plain | known))


def is_hit(spec, known, at=NOW):
    return judge(spec, known, at).hit
