"""The webhook doors of the accounts, and whose secrets open them, held in memory for a few seconds."""

import time
from dataclasses import dataclass, field

import psycopg
from asgiref.sync import sync_to_async
from django.db import Error, InterfaceError, close_old_connections

from sandboxes import accounts

KEEP_SECONDS = 5.0


@dataclass(frozen=True)
class Door:
    """An account's door. `previous_secret` holds until `previous_until` (Unix seconds), while one is rotated."""

    account_id: int
    secret: str = field(repr=False)
    previous_secret: str = field(repr=False)
    previous_until: float

    def secrets(self, now: float) -> list[str]:
        """The secrets that are valid at `now`."""
        old = [self.previous_secret] if now < self.previous_until else []
        return [secret for secret in [self.secret, *old] if secret]


class Doors:
    """Finds a door by its account's name; the empty name is the first account's."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, Door | None]] = {}

    async def find(self, name: str) -> Door | None:
        """The door, or None when there is no such account. One that was known serves on while the database is away.

        Raises OSError when the database is away and the door is not known.
        """
        at, door = self._held.get(name, (0.0, None))
        if door and time.monotonic() - at < KEEP_SECONDS:
            return door
        try:
            found = await sync_to_async(_read)(name)
        except (Error, InterfaceError, psycopg.Error) as error:
            if door:
                return door
            raise OSError("the database is away") from error
        if found:
            self._held[name] = (time.monotonic(), found)
        else:
            self._held.pop(name, None)
        return found


def _read(name: str) -> Door | None:
    close_old_connections()
    account = accounts.by_name(name)
    if account is None:
        return None
    until = account.previous_secret_until.timestamp() if account.previous_secret_until else 0.0
    return Door(account.pk, account.webhook_secret, account.previous_webhook_secret, until)
