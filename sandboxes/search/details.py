"""What stands beside the sandboxes' own rows: newest samples, leases, verdicts, marks, and who ended them.

Each function asks once for all the sandboxes of a page and answers by their keys.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import connection
from django.db.models.expressions import RawSQL

from sandboxes import leases as owners_word
from sandboxes.models import Action, LeaseSpan, Verdict
from sandboxes.search.rows import Actor, EndedBy, LeaseState, Reason
from sandboxes.search.sql import NEWEST_FRAMES

# The keys are joined, not compared with: of 100,000 in a frame a thousand are found in a fifth of the time.
_SAMPLES = f"""
    SELECT u.key, u.cpu / 100.0::float8, u.mem * 1024::bigint, u.mem_total * 1024::bigint,
           u.disk_share * u.disk_total::bigint / 30000 * 1024, u.disk_total * 1024::bigint,
           to_timestamp(f.clock_unix - u.age)
    FROM ({NEWEST_FRAMES}) f
    CROSS JOIN LATERAL unnest(f.keys, f.ages, f.cpu, f.mem, f.mem_total, f.disk_share, f.disk_total)
        AS u (key, age, cpu, mem, mem_total, disk_share, disk_total)
    WHERE u.age >= 0 AND u.key IN (SELECT unnest(%(keys)s::int[]))"""


def these(keys: Sequence[int]) -> RawSQL:
    """For `…__in`: one array as one parameter. A thousand parameters take Django longer than PostgreSQL the search."""
    return RawSQL("SELECT unnest(%s::int[])", [list(keys)])


class Sample(msgspec.Struct, frozen=True):
    """CPU in percent of all cores, memory and disk in bytes (disk None when unknown), and when it was taken."""

    cpu_pct: float | None
    mem_used: int | None
    mem_total: int | None
    disk_used: int | None
    disk_total: int | None
    sampled_at: datetime | None


def newest_samples(keys: Sequence[int], accounts: Sequence[int], as_of: datetime) -> dict[int, Sample]:
    """From the newest frames as of `as_of`; what is in no frame has none here."""
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLES, {"keys": list(keys), "accounts": list(accounts), "as_of": as_of})
        rows = cursor.fetchall()
    return {
        key: Sample(cpu, mem, mem_total, disk if disk_total else None, disk_total or None, at)
        for key, cpu, mem, mem_total, disk, disk_total, at in rows
    }


def leases(keys: Sequence[int]) -> dict[int, LeaseState]:
    """The lease that holds each, else the one that ended last."""
    spans = (
        LeaseSpan.objects.filter(sandbox_id__in=these(keys)).order_by("until").values_list("sandbox_id", "key", "until")
    )
    found = {key: LeaseState(name, until, "expired") for key, name, until in spans}
    held = owners_word.holding(keys)
    return found | {key: LeaseState(lease.key, lease.expires_at, "live") for key, lease in held.items()}


def reasons(keys: Sequence[int]) -> dict[int, list[Reason]]:
    """Why enabled policies, dry runs too, hold them for orphans; one entry for each rule that holds."""
    found: dict[int, list[Reason]] = defaultdict(list)
    held = Verdict.objects.filter(sandbox_id__in=these(keys), until=None, policy__enabled=True).order_by("since", "id")
    for key, policy, given in held.values_list("sandbox_id", "policy_name", "reasons"):
        found[key] += [Reason(policy, reason.get("rule", ""), reason.get("evidence")) for reason in given]
    return found


def marks(keys: Sequence[int]) -> dict[int, datetime | None]:
    """When the grace of each marked one ends (the soonest)."""
    marked = Action.objects.filter(sandbox_id__in=these(keys), state=Action.State.GRACE).order_by("-act_at")
    return dict(marked.values_list("sandbox_id", "act_at"))


def endings(keys: Sequence[int]) -> dict[int, EndedBy]:
    """The newest kill of ours that a backend answered as done."""
    kills = Action.objects.filter(
        sandbox_id__in=these(keys),
        kind=Action.Kind.KILL,
        outcome="killed",
        state__in=[Action.State.DONE, Action.State.CONFIRMED],
    ).order_by("id")
    rows = kills.values_list("sandbox_id", "id", "actor_kind", "actor_name")
    return {key: EndedBy(action, Actor(kind, name)) for key, action, kind, name in rows}
