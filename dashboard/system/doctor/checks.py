"""The doctor's checks, each for itself: what one of them raises is its own finding."""

from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from redis.exceptions import RedisError

from dashboard.system import health
from dashboard.system.doctor.backends import accounts
from dashboard.system.doctor.files import disk, permissions
from dashboard.system.doctor.finding import Finding
from dashboard.system.doctor.webhooks import webhooks
from sandboxes.actions import audit
from sandboxes.core import database_away, redis_client, secrets_at_rest
from sandboxes.core.crypto import BadKey

MANY_WAITING: Final = 1_000
CURES: Final = {
    "database": "Start Sandwarden (`make run`), or check DATABASE_URL.",
    "migrations": "Run `manage.py migrate`; `make run` does it at each start.",
    "redis": "Start Sandwarden (`make run`), or check REDIS_URL.",
    "worker": "Start Sandwarden (`make run`); where it runs, its lines named `work` say why it reads no account.",
}


def dependencies() -> Iterator[Finding]:
    """What `/readyz` names: database, migrations, Redis, the worker."""
    for name, found in health.look_at_all().items():
        if name in CURES:
            yield Finding(name, "ok" if found.ok else "failed", found.seen, "" if found.ok else CURES[name])


def keys() -> Iterator[Finding]:
    """Whether the encryption key at hand opens every stored secret."""
    cure = "Put the key that made them into ENCRYPTION_KEY or the key file, or enter them again in Settings → Account."
    try:
        locked = secrets_at_rest.unreadable()
    except BadKey as error:
        yield Finding("keys", "failed", str(error), cure)
        return
    if locked:
        yield Finding("keys", "failed", f"can't be decrypted: {', '.join(locked)}", cure)
    else:
        yield Finding("keys", "ok", "every stored key and secret can be decrypted")


def queue() -> Iterator[Finding]:
    """Whether tasks are taken from the queues."""
    with redis_client.blocking() as client:
        waiting = sum(int(client.llen(name)) for name in (settings.CELERY_TASK_DEFAULT_QUEUE, settings.OUTBOUND_QUEUE))
    says = f"{waiting:,} tasks wait"
    if waiting > MANY_WAITING:
        cure = "Nobody takes them: start the roles `work` and `acts`, or set WORKERS higher."
        yield Finding("queue", "failed", says, cure)
    else:
        yield Finding("queue", "ok", says)


def trail() -> Iterator[Finding]:
    """Whether this server could alter its own audit trail."""
    if audit.is_alterable():
        yield Finding(
            "audit", "warning", "this server could alter its own audit trail",
            "Give the tables a role of their own: MIGRATION_DATABASE_URL, docs/configuration.md.",
        )  # fmt: skip
    else:
        yield Finding("audit", "ok", "this server can only add to its audit trail")


def setup() -> Iterator[Finding]:
    """Settings that are meant otherwise than they stand."""
    if settings.DEBUG:
        yield Finding("settings", "failed", "DEBUG is on: errors show the code to visitors", "Unset DEBUG.")
    elif settings.READ_ONLY:
        yield Finding("settings", "warning", "READ_ONLY is set: nothing at a backend can be changed", "")
    else:
        yield Finding("settings", "ok", f"pages at {settings.PUBLIC_URL}")


CHECKS: Final[tuple[Callable[[], Iterator[Finding]], ...]] = (
    dependencies, setup, permissions, disk, keys, queue, accounts, webhooks, trail,
)  # fmt: skip


def examine() -> Iterator[Finding]:
    """All findings, check by check. Nothing that a check raises is raised here."""
    for check in CHECKS:
        try:
            yield from check()
        except (DatabaseError, *database_away.ERRORS):
            yield Finding(check.__name__, "failed", f"not looked at: {database_away.PHRASE}", CURES["database"])
        except (RedisError, OSError) as error:
            yield Finding(check.__name__, "failed", f"not looked at: {error}", CURES["redis"])
