"""Whether poll, sync and reap are in time, and the call that tells somebody outside so, once a minute: HEARTBEAT_URL.

The call is a task of the beat's, so that it stops when the beat does. It is left out while one of them is late: whoever
waits for it then knows that Sandwarden needs somebody.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.system.health import Dependency
from sandboxes.base import masking, outbound
from sandboxes.base.clock import is_fresh
from sandboxes.core import ticks
from sandboxes.core.accounts import enabled_accounts
from sandboxes.models import Account, AccountHealth

MISSED: Final = 4
LEAST_PATIENCE_SECONDS: Final = 60.0
REAP_SECONDS: Final = 15.0
DEADLINE_SECONDS: Final = 10.0
CALL: Final = timedelta(minutes=3)  # one call may fail, and the next one come late
log = logging.getLogger(__name__)


def parts(now: datetime) -> dict[str, Dependency]:
    """Poll, sync and reap, each with how long ago; a backend that is away is tried in time all the same."""
    accounts = enabled_accounts()
    polled = [one for one in accounts if one.same_fleet_as_id is None]
    tries = {one.account_id: one for one in AccountHealth.objects.filter(account__in=accounts)}

    def newest(accounts: list[Account], *names: str) -> list[datetime | None]:
        found = [[getattr(tries.get(one.pk), name, None) for name in names] for one in accounts]
        return [max((at for at in of_one if at), default=None) for of_one in found]

    return {
        "poll": _seen(newest(polled, "last_poll_at", "poll_failed_at"), now, settings.POLL_INTERVAL_SECONDS),
        "sync": _seen(newest(accounts, "last_sync_at", "sync_failed_at"), now, settings.SYNC_INTERVAL_SECONDS),
        "reap": _seen([ticks.last(ticks.REAP)], now, REAP_SECONDS),
    }


def called(now: datetime) -> Dependency:
    """When HEARTBEAT_URL was last called and answered; no word of the address."""
    at = ticks.last(ticks.CALLED)
    if at is None:
        return Dependency(False, _("not answered yet"))
    ago = _("last answered %(seconds)s s ago") % {"seconds": f"{(now - at).total_seconds():.0f}"}
    return Dependency(is_fresh(at, now, CALL), ago)


async def call() -> bool:
    """One call, where an address is set and everything is in time; whether it was answered."""
    if not settings.HEARTBEAT_URL:
        return False
    masking.register(settings.HEARTBEAT_URL)
    late = [name for name, part in (await sync_to_async(parts)(timezone.now())).items() if not part.ok]
    if late:
        log.warning("no heartbeat call: %s late", ", ".join(late))
        return False
    if wrong := await _asked():
        log.warning("the heartbeat call failed: %s", wrong)
        return False
    await sync_to_async(ticks.note)(ticks.CALLED)
    return True


async def _asked() -> str:
    """What went wrong; empty where the address answered 2xx."""
    client = httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=DEADLINE_SECONDS)
    try:
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            outbound.guard(client),
            client.stream("GET", settings.HEARTBEAT_URL) as response,  # its body is nothing to us
        ):
            return "" if response.is_success else _("status %(code)s") % {"code": response.status_code}
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: {error}"


def _seen(times: list[datetime | None], now: datetime, interval: float) -> Dependency:
    """The one that is longest ago; every one must be in time."""
    if not times:
        return Dependency(True, _("no account to read"))
    known = [at for at in times if at is not None]
    if len(known) < len(times):
        return Dependency(False, _("has not run yet"))
    patience = timedelta(seconds=max(LEAST_PATIENCE_SECONDS, MISSED * interval))
    oldest = min(known)
    ago = _("%(seconds)s s ago") % {"seconds": f"{(now - oldest).total_seconds():.0f}"}
    return Dependency(all(is_fresh(at, now, patience) for at in known), ago)
