"""What stands beside the sandboxes' own rows: newest samples, leases, verdicts, marks, and who ended them.

Each function asks once for all the sandboxes of a page and answers by their keys.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import numpy as np
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from sandboxes.fleet import lease_coverage
from sandboxes.fleet.figures.frames import latest_columns
from sandboxes.fleet.search.queries import KEYS
from sandboxes.fleet.search.rows import Actor, EndedBy, LeaseState, OrphanReason
from sandboxes.models import Action, LeaseSpan, MetricFrame, Verdict

TWO_CLOCKS: Final = timedelta(minutes=2)  # by which a backend's clock may be ahead of ours


def these(keys: Sequence[int]) -> RawSQL:
    """For `…__in`: one array as one parameter. A thousand parameters take Django longer than PostgreSQL the search."""
    return RawSQL(KEYS, [list(keys)])  # noqa: S611 - our own text


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
    found: dict[int, Sample] = {}
    for frame in latest_columns(accounts, as_of):
        places = np.flatnonzero(np.isin(frame.keys, keys) & (frame.ages >= 0))
        columns = [column[places].tolist() for column in frame[2:]]
        for key, age, cpu, mem, mem_total, share, total in zip(*columns, strict=True):
            disk = share * total // MetricFrame.DISK_STEPS * 1024 if total else None
            at = datetime.fromtimestamp(frame.clock_unix - age, UTC)
            found[key] = Sample(cpu / 100, mem * 1024, mem_total * 1024, disk, total * 1024 or None, at)
    return found


def leases(keys: Sequence[int]) -> dict[int, LeaseState]:
    """The lease that holds each, else the one that ended last."""
    spans = (
        LeaseSpan.objects.filter(sandbox_id__in=these(keys)).order_by("until").values_list("sandbox_id", "key", "until")
    )
    found = {key: LeaseState(name, until, "expired") for key, name, until in spans}
    held = lease_coverage.holding(keys)
    return found | {key: LeaseState(lease.key, lease.expires_at, "live") for key, lease in held.items()}


def reasons(keys: Sequence[int]) -> dict[int, list[OrphanReason]]:
    """Why enabled policies, dry runs too, hold them for orphans; one entry for each rule that holds."""
    found: dict[int, list[OrphanReason]] = defaultdict(list)
    held = Verdict.objects.holding().filter(sandbox_id__in=these(keys)).order_by("since", "id")
    for key, policy, given in held.values_list("sandbox_id", "policy_name", "reasons"):
        found[key] += [OrphanReason(policy, reason.get("rule", ""), reason.get("evidence")) for reason in given]
    return found


def marks(keys: Sequence[int]) -> dict[int, datetime | None]:
    """When the grace of each marked one ends (the soonest)."""
    marked = Action.objects.filter(sandbox_id__in=these(keys), state=Action.State.GRACE).order_by("-act_at")
    return dict(marked.values_list("sandbox_id", "act_at"))


def endings(keys: Sequence[int]) -> dict[int, EndedBy]:
    """The newest kill of ours that a backend answered as done, or pause that killed; of no keys nothing is asked."""
    if not keys:
        return {}
    kills = kills_that_ended().filter(sandbox_id__in=these(keys)).order_by("id")
    rows = kills.values_list("sandbox_id", "id", "actor_kind", "actor_name")
    return {key: EndedBy(action, Actor(kind, name)) for key, action, kind, name in rows}


def kills_that_ended() -> QuerySet[Action]:
    """Kills of ours answered as done, and pauses that killed; not those of a former life of the same ID."""
    done = Q(kind=Action.Kind.KILL, state__in=[Action.State.DONE, Action.State.CONFIRMED])
    of_this_life = Q(requested_at__gt=F("sandbox__created_at") - TWO_CLOCKS)
    return Action.objects.filter(done | Q(kind=Action.Kind.PAUSE), of_this_life, outcome="killed")
