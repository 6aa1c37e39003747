"""What holds the reaper back: a stale view, an API that was away, quiet hours, and the breaker."""

from datetime import datetime, timedelta

from django.conf import settings

from sandboxes.base.clock import MOST_AHEAD
from sandboxes.models import AccountHealth

BREAKER_FLOOR = 5
SMALL_FLEET, SMALL_FLEET_FLOOR = 20, 2
SYNC_SLACK_SECONDS = 15.0  # a long list is read for some time before it counts
MOST_CLOCK_OFFSET_SECONDS = 120.0


def stale_view(health: AccountHealth | None, now: datetime) -> str:
    """Why what we know of the account is too old or doubtful to act on; empty when it is not."""
    if health is None or health.last_sync_at is None:
        return "E2B's list has not been read yet"
    if health.sync_error:
        return f"the last reading of E2B's list failed: {health.sync_error}"
    age = (now - health.last_sync_at).total_seconds()
    if age < -MOST_AHEAD.total_seconds():
        return f"the last complete list is dated {-age:.0f} s ahead of our clock, which was set back"
    most = 2 * settings.SYNC_INTERVAL_SECONDS + SYNC_SLACK_SECONDS
    if age > most:
        return f"the last complete list is {age:.0f} s old, more than {most:.0f} s"
    if abs(health.clock_offset_seconds) > MOST_CLOCK_OFFSET_SECONDS:
        return f"E2B's clock and ours differ by {health.clock_offset_seconds:.0f} s"
    return ""


def breaker(hits: int, alive: int, fraction: float) -> str:
    """Why the whole run must not act: it hits more than the larger of a floor and `fraction` of the account's living.

    The floor is 5, and 2 for an account with fewer than 20.
    """
    floor = SMALL_FLEET_FLOOR if alive < SMALL_FLEET else BREAKER_FLOOR
    most = max(floor, fraction * alive)
    if hits <= most:
        return ""
    return f"it hits {hits} of {alive} living sandboxes, more than {most:g} (the larger of {floor} and {fraction:.1%})"


def hour_before(now: datetime) -> datetime:
    """Where the hour of `max_per_hour` begins."""
    return now - timedelta(hours=1)
