"""How long one statement of the database may take in a process of ours: a query that hangs ends, and is an error.

Only the processes that serve are bound. Migrations, backups, restoring and every other `manage.py` command take the
time that they need.
"""

from collections.abc import Collection
from typing import Any, Final

from django.db import connections

PAGE_SECONDS: Final = 60  # pages, REST and sockets: longer than the slowest span of Cost, as long as a proxy waits
ROUND_SECONDS: Final = 300  # polls, roll-ups, retention: the longest statement deletes a day of a large fleet


def bound_for(roles: Collection[str]) -> None:
    """Bounds what a process with these roles asks: one that does rounds too as long as they need."""
    bound(PAGE_SECONDS if set(roles) == {"web"} else ROUND_SECONDS)


def bound(seconds: int) -> None:
    """Connections that this process opens from now on let no statement run for longer.

    A bound that is there already holds: that of DATABASE_URL (`?options=-c statement_timeout=…`), or an earlier call's.
    """
    options: dict[str, Any] = connections.databases["default"]["OPTIONS"]
    given = options.get("options", "")
    if "statement_timeout" not in given:
        options["options"] = f"{given} -c statement_timeout={seconds}s".strip()
