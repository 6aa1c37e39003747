"""The webhook doors of the accounts, and whose secrets open them, held in memory for a few seconds."""

import asyncio
import time
from dataclasses import dataclass, field

import psycopg
from asgiref.sync import sync_to_async
from django.db import Error, InterfaceError, connection

from sandboxes import accounts

KEEP_SECONDS = 5.0
LOOK_SECONDS = 2.0


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
        self._looking: dict[str, asyncio.Task[Door | None]] = {}

    async def find(self, name: str) -> Door | None:
        """The door, or None when there is no such account. One that was known serves on while the database is away.

        Raises OSError when the database is away and the door is not known, after LOOK_SECONDS at most: who sends a
        delivery does not wait for a database that is down.
        """
        at, door = self._held.get(name, (0.0, None))
        if door and time.monotonic() - at < KEEP_SECONDS:
            return door
        looking = self._looking.get(name) or self._look(name)
        try:
            return await asyncio.wait_for(asyncio.shield(looking), LOOK_SECONDS)
        except (TimeoutError, Error, InterfaceError, psycopg.Error) as error:
            if door:
                return door
            raise OSError("the database is away") from error

    def _look(self, name: str) -> asyncio.Task[Door | None]:
        """One look at a time for each name, however many deliveries wait for it."""
        looking = self._looking[name] = asyncio.create_task(self._read(name))

        def looked(done: asyncio.Task[Door | None]) -> None:
            self._looking.pop(name, None)
            if not done.cancelled():
                done.exception()  # whoever waited was told; nobody may have

        looking.add_done_callback(looked)
        return looking

    async def _read(self, name: str) -> Door | None:
        # A thread of its own: in the shared one it would wait behind all that waits for the database there.
        found = await sync_to_async(_read, thread_sensitive=False)(name)
        if found:
            self._held[name] = (time.monotonic(), found)
        else:
            self._held.pop(name, None)
        return found


def _read(name: str) -> Door | None:
    try:
        account = accounts.by_name(name)
    finally:
        connection.close()
    if account is None:
        return None
    until = account.previous_secret_until.timestamp() if account.previous_secret_until else 0.0
    return Door(account.pk, account.webhook_secret, account.previous_webhook_secret, until)
