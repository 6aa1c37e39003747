"""Settings, System: how long things are kept, what is alive, what fills the disk, who changed what."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.access import audited, callers
from dashboard.api.health import version
from dashboard.models import ANSWERS_KEPT
from dashboard.settings import audit_words, permissions, queries
from dashboard.system import on_time
from dashboard.system.health import Dependency, look_at_all
from dashboard.system.heartbeat import SILENCE
from events.retention import EVENTS_KEPT, REFUSED_AT_MOST, REFUSED_KEPT
from sandboxes.actions import audit
from sandboxes.base.clock import is_fresh
from sandboxes.cleanup.retention import KEPT
from sandboxes.core import background, database, redis_client
from sandboxes.metrics.series import retention as samples
from sandboxes.models import Heartbeat
from sandboxes.notifications import retention as notified

TABLES: Final = 6
CHANGES: Final = 12


@dataclass(frozen=True)
class Kept:
    """One line of the table: what, for how long, and how it grows thin or is bounded before that."""

    what: str
    age: timedelta
    note: str = ""


@permissions.staff_changes
def page(request: HttpRequest) -> HttpResponse:
    """Nothing can be changed here."""
    database = _database()
    context = {
        "kept": _kept(),
        "version": version(),
        "parts": look_at_all(),
        "web": _web(),
        "on_time": _on_time(),
        "heartbeat_set": bool(settings.HEARTBEAT_URL),
        "tasks": background.states(),
        "database": database,
        "redis": _redis(),
        "data_dir": settings.DATA_DIR,
        "audit_alterable": audit.is_alterable(),
        "audit_head": audit.head(),
        "changes": audit_words.lines(audited.seen_by(callers.of_request(request))[:CHANGES]),
    }
    return permissions.show(request, "system", context)


def _kept() -> list[Kept]:
    return [
        Kept(
            _("Poll frames"), samples.FRAMES, _("one a minute after %(span)s") % {"span": _span(samples.FRAMES_IN_FULL)}
        ),
        Kept(_("Samples, every 5 s"), samples.SERIES),
        Kept(_("Samples and fleet by the minute"), samples.MINUTES),
        Kept(_("Samples and fleet by the hour"), samples.HOURS),
        Kept(_("Events"), EVENTS_KEPT),
        Kept(_("Parked deliveries"), EVENTS_KEPT, _("as long as events")),
        Kept(
            _("Rejected deliveries"),
            REFUSED_KEPT,
            _("and %(count)s at most") % {"count": f"{REFUSED_AT_MOST:,}"},
        ),
        Kept(_("Actions, the audit trail"), KEPT),
        Kept(_("Ended sandboxes and their runs"), KEPT),
        Kept(_("Notifications and their deliveries"), notified.KEPT),
        Kept(_("Answers under an Idempotency-Key"), ANSWERS_KEPT),
    ]


def _span(age: timedelta) -> str:
    return f"{age.days} d" if age.days > 1 else f"{age.total_seconds() / 3600:.0f} h"


def _web() -> Dependency:
    beat = Heartbeat.objects.filter(name="api").first()
    if beat is None:
        return Dependency(False, _("no heartbeat yet"))
    silent = timezone.now() - beat.at
    return Dependency(
        is_fresh(beat.at, timezone.now(), SILENCE),
        _("last heartbeat %(seconds)s s ago") % {"seconds": f"{silent.total_seconds():.0f}"},
    )


def _on_time() -> list[tuple[str, Dependency]]:
    """Poll, sync and reap; and the call to HEARTBEAT_URL where there is one."""
    now = timezone.now()
    names = {"poll": _("Metrics poll"), "sync": _("Inventory sync"), "reap": _("Policies")}
    found = [(names[name], part) for name, part in on_time.parts(now).items()]
    return [*found, (_("Heartbeat call"), on_time.called(now))] if settings.HEARTBEAT_URL else found


def _database() -> dict[str, Any]:
    """Size in bytes, and the largest tables, partitions added up: their short name, whole name and size."""
    size, server = database.row(queries.SIZE_AND_VERSION)
    largest = database.rows(queries.LARGEST_TABLES, [TABLES])
    tables = [(name.partition("_")[2] or name, name, bytes_) for name, bytes_ in largest]
    return {"size": size, "version": server.partition(" ")[0], "tables": tables}


def _redis() -> dict[str, Any]:
    """Version and bytes in use; empty while it does not answer."""
    client = redis_client.blocking()
    try:
        with client:
            told: Any = client.info()
    except redis.RedisError:
        return {}
    name = "Valkey" if "valkey_version" in told else "Redis"
    return {
        "name": name,
        "version": told.get("valkey_version") or told.get("redis_version"),
        "size": told["used_memory"],
    }
