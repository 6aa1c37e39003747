"""Which lease covers a sandbox now, and whether owners could have renewed: what every room that acts asks first."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from sandboxes.base.clock import MOST_AHEAD
from sandboxes.models import Heartbeat
from sandboxes.policies import LeaseHeld

API = "api"
FRESH = timedelta(seconds=30)  # an API heartbeat older than this means owners can't reach us


def holding(sandbox_pks: Sequence[int]) -> dict[int, LeaseHeld]:
    """The lease that holds longest, by sandbox. One that nobody has ended yet holds, whatever its time says."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING, {"keys": list(sandbox_pks)})
        return {sandbox: LeaseHeld(key, end) for sandbox, key, end in cursor.fetchall()}


def api_is_up(now: datetime) -> bool:
    """Whether owners could have renewed: the API's own heartbeat is fresh. Without one nobody may act."""
    return beat(now) is not None


def beat(now: datetime) -> Heartbeat | None:
    """The API's last heartbeat where it is fresh; one ahead of our clock was written before that was set back."""
    return Heartbeat.objects.filter(name=API, at__gte=now - FRESH, at__lte=now + MOST_AHEAD).first()


# What an owner named before we had seen it, and what came later with a lease's metadata.
COVERS = """
    SELECT s.id AS sandbox_id, s.guard_id, s.first_seen_at, l.id AS lease_id, l.key, l.renewed_at, l.expires_at, l.token
    FROM sandboxes_lease l
    JOIN sandboxes_leasemember m ON m.lease_id = l.id
    JOIN sandboxes_sandbox s ON s.sandbox_id = m.sandbox_id
    WHERE l.released_at IS NULL AND l.lapsed_at IS NULL AND s.state <> 'ended'
    UNION ALL
    SELECT s.id, s.guard_id, s.first_seen_at, l.id, l.key, l.renewed_at, l.expires_at, l.token
    FROM sandboxes_lease l JOIN sandboxes_sandbox s ON s.metadata @> l.metadata
    WHERE l.metadata IS NOT NULL AND l.released_at IS NULL AND l.lapsed_at IS NULL AND s.state <> 'ended'
"""

_HOLDING = f"""
    SELECT DISTINCT ON (c.sandbox_id) c.sandbox_id, c.key, c.expires_at
    FROM ({COVERS}) c WHERE c.sandbox_id = ANY(%(keys)s)
    ORDER BY c.sandbox_id, c.expires_at DESC
"""
