"""Which lease covers a sandbox now, and whether owners could have renewed: what every room that acts asks first."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandboxes.base.clock import MOST_AHEAD
from sandboxes.core import database
from sandboxes.fleet import queries
from sandboxes.models import Heartbeat
from sandboxes.policies import LeaseHeld

API = "api"
FRESH = timedelta(seconds=30)  # an API heartbeat older than this means owners can't reach us


def holding(sandbox_pks: Sequence[int]) -> dict[int, LeaseHeld]:
    """The lease that holds longest, by sandbox. One that nobody has ended yet holds, whatever its time says."""
    return {
        sandbox: LeaseHeld(key, end)
        for sandbox, key, end in database.rows(queries.HOLDING, {"keys": list(sandbox_pks)})
    }


def api_is_up(now: datetime) -> bool:
    """Whether owners could have renewed: the API's own heartbeat is fresh. Without one nobody may act."""
    return beat(now) is not None


def beat(now: datetime) -> Heartbeat | None:
    """The API's last heartbeat where it is fresh; one ahead of our clock was written before that was set back."""
    return Heartbeat.objects.filter(name=API, at__gte=now - FRESH, at__lte=now + MOST_AHEAD).first()
