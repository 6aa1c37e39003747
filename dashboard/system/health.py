"""`/healthz` (the process is up) and `/readyz` (what it needs is there, each by its name); both open, no secrets."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Final

import msgspec
import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard.system import queries
from sandboxes.base.clock import MOST_AHEAD
from sandboxes.core import background, database, database_away, disk, redis_client
from sandboxes.core.accounts import enabled_accounts
from sandboxes.models import AccountHealth

_MISSED_ROUNDS: Final = 4
_LEAST_PATIENCE_SECONDS: Final = 60.0
_TRIES: Final = ("last_sync_at", "sync_failed_at", "last_poll_at", "poll_failed_at")


class Dependency(msgspec.Struct, frozen=True):
    """Whether it is there, and in words what is seen of it; nothing that would tell a stranger a secret."""

    ok: bool
    seen: str


@require_safe
@never_cache
def healthz(_: HttpRequest) -> HttpResponse:
    """200 while the process can answer at all."""
    return JsonResponse({"status": "up"})


@require_safe
@never_cache
def readyz(_: HttpRequest) -> HttpResponse:
    """200 when all dependencies are there, else 503; each is named with what is seen of it."""
    found = look_at_all()
    ready = all(one.ok for one in found.values())
    body = {
        "status": "ready" if ready else "not_ready",
        "dependencies": msgspec.to_builtins(found),
        "background": [_shown(state) for state in background.states()],
    }
    return JsonResponse(body, status=200 if ready else 503)


def _shown(state: background.State) -> dict[str, object]:
    """A background task of this web process; of its last error the type alone, since anybody may ask."""
    return {
        "name": state.name,
        "running": state.running,
        "restarts": state.restarts,
        "last_error": state.error_type or None,
        "failed_at": state.failed_at.isoformat() if state.failed_at else None,
    }


def look_at_all() -> dict[str, Dependency]:
    """All dependencies by name; none of what fails is raised."""
    found: dict[str, Dependency] = {}
    for name, check in CHECKS.items():
        database = found.get("database")
        # Each would wait as long again for a connection that does not come: whoever asks has a deadline too.
        in_vain = database is not None and not database.ok and name in NEED_THE_DATABASE
        found[name] = database if database and in_vain else _look(check)
    return found


def _look(check: Callable[[], Dependency]) -> Dependency:
    try:
        return check()
    except (DatabaseError, *database_away.ERRORS):
        return Dependency(False, database_away.PHRASE)
    except (redis.RedisError, OSError):
        return Dependency(False, "it does not answer")


def _database() -> Dependency:
    database.execute(queries.ANSWERS)
    return Dependency(True, "answers")


def _redis() -> Dependency:
    with redis_client.blocking() as client:
        client.ping()
    return Dependency(True, "answers")


def _migrations() -> Dependency:
    applied = MigrationRecorder(connection).applied_migrations()
    missing = [f"{app}.{name}" for app, name in _newest_migrations() if (app, name) not in applied]
    return Dependency(not missing, f"to apply: {', '.join(missing)}" if missing else "all applied")


@cache
def _newest_migrations() -> list[tuple[str, str]]:
    """The last migration of each app, as this process's code has them."""
    return list(MigrationLoader(None).graph.leaf_nodes())


def _worker() -> Dependency:
    """The worker is seen by its last try to read an account; that the backend answered is not asked here."""
    accounts = enabled_accounts()
    if not accounts:
        return Dependency(True, "no account to read")
    rows = AccountHealth.objects.filter(account__in=accounts).values_list(*_TRIES)
    tries = [at for row in rows for at in row if at is not None]
    if not tries:
        return Dependency(False, "has read no account yet")
    now = timezone.now()
    known = [at for at in tries if at <= now + MOST_AHEAD]  # what lies ahead of a clock that was set back tells nothing
    if not known:
        ahead = (max(tries) - now).total_seconds()
        return Dependency(False, f"last read an account {ahead:.0f} s ahead of our clock, which was set back")
    ago = now - max(known)
    patience = max(_LEAST_PATIENCE_SECONDS, _MISSED_ROUNDS * settings.SYNC_INTERVAL_SECONDS)
    return Dependency(ago < timedelta(seconds=patience), f"last read an account {ago.total_seconds():.0f} s ago")


def _disk() -> Dependency:
    room = disk.space()
    return Dependency(not room.is_full, str(room))


CHECKS: Final[dict[str, Callable[[], Dependency]]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "worker": _worker,
    "disk": _disk,
}
NEED_THE_DATABASE: Final = {"migrations", "worker"}
