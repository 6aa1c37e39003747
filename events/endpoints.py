"""The accounts' webhook endpoints and the secrets that sign their deliveries, held in memory for a few seconds."""

import asyncio
import logging
import math
import re
import time
from dataclasses import dataclass, field
from typing import Final

from asgiref.sync import sync_to_async
from django.db import connection

from sandboxes.core import account_changes, accounts, database_away
from sandboxes.models import Account
from sandboxes.models.fields import opened

KEEP_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 2.0
LONGEST_NAME: Final = 50  # as Account.name has it
MOST_UNKNOWN: Final = 1_000
_SLUG: Final = re.compile(r"[-a-zA-Z0-9_]+")  # as Account.name has it
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WebhookEndpoint:
    """An account's endpoint. `previous_secret` holds until `previous_until` (Unix seconds), while one is rotated.

    A secret that none of our keys opens is empty here, and `locked` says so.
    """

    account_id: int
    secret: str = field(repr=False)
    previous_secret: str = field(repr=False)
    previous_until: float
    locked: bool = False

    def secrets(self, now: float) -> list[str]:
        """The secrets that are valid at `now` and could be opened."""
        old = [self.previous_secret] if now < self.previous_until else []
        return [secret for secret in [self.secret, *old] if secret]


class WebhookEndpoints:
    """Finds an endpoint by its account's name; the empty name is the first account's.

    All are read together, by one reader at a time: a thousand unknown names at once cost one query, not a thousand.
    """

    def __init__(self) -> None:
        self._known: dict[str, WebhookEndpoint] = {}
        self._known_from = -math.inf  # when the read began that found them
        self._unknown: dict[str, float] = {}  # until when, in the order of their asking
        self._changes = account_changes.number()
        self._reading: asyncio.Task[None] | None = None

    async def find(self, name: str) -> WebhookEndpoint | None:
        """The endpoint, or None when a read begun after the call, or KEEP_SECONDS before it, shows no such account.

        One that was known serves on while the database is away. Raises OSError when the database is away and the
        endpoint is not known, after LOOK_SECONDS at most: who sends a delivery does not wait for a database that is
        down.
        """
        if not _may_exist(name):
            return None
        self._drop_what_changed()
        asked = time.monotonic()
        if self._is_fresh(asked) and (known := self._known.get(name)):
            return known
        if self._unknown.get(name, asked) > asked:
            return None
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                while True:
                    await asyncio.shield(self._reading or self._read())
                    if self._known_from >= asked or (name in self._known and self._is_fresh(asked)):
                        break
        except Exception as error:  # whatever kept us from reading: what is known serves, and E2B sends the rest again
            if known := self._known.get(name):
                return known
            raise OSError(database_away.PHRASE) from error
        if (found := self._known.get(name)) is None:
            self._note_unknown(name)
        return found

    def _is_fresh(self, now: float) -> bool:
        return now - self._known_from < KEEP_SECONDS

    def _drop_what_changed(self) -> None:
        """An account was saved here: what is known is read again, what was unknown may exist now."""
        if self._changes != account_changes.number():
            self._changes = account_changes.number()
            self._known_from = -math.inf
            self._unknown.clear()
            self._reading = None  # began before the change: nobody waits for it

    def _note_unknown(self, name: str) -> None:
        if len(self._unknown) >= MOST_UNKNOWN:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[name] = self._known_from + KEEP_SECONDS

    def _read(self) -> asyncio.Task[None]:
        reading = self._reading = asyncio.create_task(self._read_all(time.monotonic(), account_changes.number()))

        def done(task: asyncio.Task[None]) -> None:
            if self._reading is task:
                self._reading = None
            if not task.cancelled() and (error := task.exception()):
                log.warning("the webhook endpoints could not be read: %s", error)

        reading.add_done_callback(done)
        return reading

    async def _read_all(self, began: float, changes: int) -> None:
        # A thread of its own: in the shared one it would wait behind all that waits for the database there.
        found = await sync_to_async(read_endpoints, thread_sensitive=False)()
        if changes == account_changes.number():
            self._known, self._known_from = found, began


def of_account(account: Account, now: float) -> WebhookEndpoint:
    """The account's endpoint at `now` (Unix seconds): a previous secret that has run out is never opened."""
    until = account.previous_secret_until.timestamp() if account.previous_secret_until else 0.0
    secret = opened(account, "webhook_secret")
    previous = opened(account, "previous_webhook_secret") if now < until else ""
    return WebhookEndpoint(account.pk, secret or "", previous or "", until, locked=None in (secret, previous))


def _may_exist(name: str) -> bool:
    """Whether an account can be called so: what no name can be is answered without asking the database."""
    return len(name) <= LONGEST_NAME and (not name or _SLUG.fullmatch(name) is not None)


def read_endpoints() -> dict[str, WebhookEndpoint]:
    try:
        enabled = accounts.by_names()
    finally:
        connection.close()
    found = {account.pk: of_account(account, time.time()) for account in enabled.values()}
    for name, account in enabled.items():
        if name and found[account.pk].locked:
            log.warning("account %s: a webhook secret can't be decrypted: enter it again in Settings", name)
    return {name: found[account.pk] for name, account in enabled.items()}
