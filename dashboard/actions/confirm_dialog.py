"""What an act would hit, counted before anybody is asked: exact for a hundred thousand, the liveliest five named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, Sum
from django.utils import timezone

from dashboard.actions import queries
from dashboard.actions.last_activity import Sign, last_signs
from dashboard.models import Selection
from sandboxes.actions import permission
from sandboxes.core import database
from sandboxes.fleet.search import details
from sandboxes.fleet.search.build import rows_of
from sandboxes.fleet.search.rows import SandboxRow
from sandboxes.models import Sandbox

MOST_NAMED: Final = 5
KEPT: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Lively:
    """One that was used lately, and what of it says so."""

    row: SandboxRow
    sign: Sign


@dataclass(frozen=True)
class Question:
    """`keys` are those in a state for it, `asked` how many were meant; `burn` is in USD an hour.

    `wake`, for a pause, are those that wake on the next traffic to them, as far as E2B has told us.
    `one` is told of in full where it is alone; `liveliest` are the running ones that gave a sign of life last.
    """

    kind: str
    keys: Sequence[int]
    asked: int
    orphans: int
    busy: int
    protected: int
    wake: int
    burn: float
    one: SandboxRow | None
    liveliest: Sequence[Lively]

    @property
    def count(self) -> int:
        return len(self.keys)

    @property
    def unfit(self) -> int:
        return self.asked - len(self.keys)


def about(kind: str, keys: Sequence[int], now: datetime) -> Question:
    """By the state on our record at `now`."""
    rows = Sandbox.objects.filter(id__in=details.these(keys), state__in=permission.NEEDS[kind])
    states = dict(rows.order_by("id").values_list("id", "state"))
    fit = list(states)
    orphans = _orphans(fit)
    running = [key for key, state in states.items() if state == "running"]
    unprotected = Q(lock__protected_until=None) | Q(lock__protected_until__gt=now)
    return Question(
        kind=kind,
        keys=fit,
        asked=len(keys),
        orphans=orphans,
        busy=len(running),
        protected=rows.filter(unprotected, lock__protected=True).count(),
        wake=rows.filter(auto_resume=True).count() if kind == "pause" else 0,
        burn=float(rows.aggregate(sum=Sum("burn_usd_per_hour"))["sum"] or 0),
        one=next(iter(rows_of(fit, now=now, as_of=now)), None) if len(fit) == 1 else None,
        liveliest=_liveliest(running, now) if len(fit) > 1 else [],
    )


def freeze(user_id: int, keys: Sequence[int]) -> Selection:
    """Keeps what was shown, so that it is what is hit; those that nobody answered for an hour go."""
    now = timezone.now()
    Selection.objects.filter(created_at__lt=now - KEPT).delete()
    return Selection.objects.create(user_id=user_id, keys=list(keys), created_at=now)


def _liveliest(keys: Sequence[int], now: datetime) -> list[Lively]:
    """At work in their newest sample first, the busiest of them first, then by the last sign that is on record."""
    signs = last_signs(keys, now, enough=MOST_NAMED)
    ordered = sorted(signs, key=lambda key: (signs[key].cpu_pct or 0, signs[key].at), reverse=True)[:MOST_NAMED]
    rows = {row.key: row for row in rows_of(ordered, now=now, as_of=now)}
    return [Lively(rows[key], signs[key]) for key in ordered if key in rows]


def _orphans(keys: Sequence[int]) -> int:
    return int(database.row(queries.ORPHANS, {"keys": list(keys)})[0])
