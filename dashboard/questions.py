"""What an act would hit, counted before anybody is asked: exact for a hundred thousand, the liveliest five named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Q, Sum
from django.utils import timezone

from dashboard.models import Selection
from sandboxes.actions import permission
from sandboxes.models import Sandbox
from sandboxes.search import details
from sandboxes.search.build import rows_of
from sandboxes.search.rows import SandboxRow
from sandboxes.search.sql import HELD_FOR_ORPHAN

MOST_NAMED: Final = 5
KEPT: Final = timedelta(hours=1)
_ORPHANS: Final = f"SELECT count(*) FROM sandboxes_sandbox s WHERE s.id = ANY(%(keys)s) AND {HELD_FOR_ORPHAN}"


@dataclass(frozen=True)
class Question:
    """`keys` are those in a state for it, `asked` how many were meant; `burn` is in USD an hour.

    `one` is told of in full where it is alone; `busiest` are the running ones with the most CPU in their newest sample.
    """

    kind: str
    keys: Sequence[int]
    asked: int
    orphans: int
    busy: int
    protected: int
    burn: float
    one: SandboxRow | None
    busiest: Sequence[SandboxRow]

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
    unprotected = Q(guard__protected_until=None) | Q(guard__protected_until__gt=now)
    return Question(
        kind=kind,
        keys=fit,
        asked=len(keys),
        orphans=orphans,
        busy=len(running),
        protected=rows.filter(unprotected, guard__protected=True).count(),
        burn=float(rows.aggregate(sum=Sum("burn_usd_per_hour"))["sum"] or 0),
        one=next(iter(rows_of(fit, now=now, as_of=now)), None) if len(fit) == 1 else None,
        busiest=_busiest(running, now) if len(fit) > 1 else [],
    )


def freeze(user_id: int, keys: Sequence[int]) -> Selection:
    """Keeps what was shown, so that it is what is hit; those that nobody answered for an hour go."""
    now = timezone.now()
    Selection.objects.filter(created_at__lt=now - KEPT).delete()
    return Selection.objects.create(user_id=user_id, keys=list(keys), created_at=now)


def _busiest(keys: Sequence[int], now: datetime) -> list[SandboxRow]:
    """The liveliest by the newest sample."""
    accounts = list(Sandbox.objects.filter(id__in=details.these(keys)).values_list("account_id", flat=True).distinct())
    samples = details.newest_samples(keys, accounts, now)
    ordered = sorted(samples, key=lambda key: samples[key].cpu_pct or 0, reverse=True)
    return rows_of(ordered[:MOST_NAMED], now=now, as_of=now)


def _orphans(keys: Sequence[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ORPHANS, {"keys": list(keys)})
        return int(cursor.fetchone()[0])
