"""Refused deliveries are noted, within bounds: an attacker can neither fill the disk nor slow the receiver down."""

import asyncio
import logging
from collections import deque
from datetime import datetime

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from events.metadata_keys import cut_body
from events.models import Delivery
from sandboxes.base.masking import mask
from sandboxes.core import database_away
from sandboxes.core.background import Background
from sandboxes.models import Account

MAX_WAITING = 200
KEPT_BODY_BYTES = 4096
HEADER_CHARACTERS = 4096
KEPT_HEADERS = (
    "host", "user-agent", "content-type", "content-length", "content-encoding", "x-forwarded-for", "forwarded", "date",
    "e2b-webhook-id", "e2b-delivery-id", "e2b-signature-version", "e2b-signature", "authorization",
)  # fmt: skip
SECRET_HEADERS = {"authorization", "e2b-signature"}  # of KEPT_HEADERS
log = logging.getLogger(__name__)


class Refusals:
    """Gathers refusals in memory and writes them about once a second; over MAX_WAITING the oldest are dropped."""

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque(maxlen=MAX_WAITING)
        self._wake = asyncio.Event()
        self._background = Background()

    def start(self) -> None:
        """Begins to write."""
        self._background.start("refused deliveries", self._write_forever)

    async def stop(self) -> None:
        """Writes what waits, and ends."""
        await self._background.stop()
        await self.flush()

    def note(self, account: int, reason: str, at: datetime, headers: dict[str, str], body: bytes) -> None:
        """Remembers one refusal: the beginning of its body, its headers without secrets."""
        self._waiting.append(
            Delivery(
                account_id=account,
                state=Delivery.State.REFUSED,
                reason=reason,
                received_at=at,
                headers=masked(headers),
                body=body[:KEPT_BODY_BYTES],
            )
        )
        self._wake.set()

    async def flush(self) -> None:
        """Writes down what waits; when the database is away it waits on. A row that can't be written is dropped."""
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not batch:
            return
        left = await sync_to_async(write)(batch)
        self._waiting.extendleft(reversed(left[: MAX_WAITING - len(self._waiting)]))
        if left:
            self._wake.set()

    async def _write_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()
            await asyncio.sleep(1)


def masked(headers: dict[str, str]) -> dict[str, str]:
    """The headers that say something of a delivery, HEADER_CHARACTERS of each, with what is secret masked.

    What PostgreSQL can't hold is replaced.
    """
    kept = {name: headers[name][:HEADER_CHARACTERS] for name in KEPT_HEADERS if name in headers}
    shown = {name: "•••" if name in SECRET_HEADERS else mask(value) for name, value in kept.items()}
    return {name: value.replace("\x00", "\ufffd") for name, value in shown.items()}


def write(batch: list[Delivery]) -> list[Delivery]:
    """Together, or else one by one; those that have to wait for the database."""
    close_old_connections()
    try:
        cut_metadata(batch)
        Delivery.objects.bulk_create(batch)
    except database_away.ERRORS as error:
        log.warning("%d rejected deliveries are not stored yet: %s", len(batch), error)
        return batch
    except Exception as error:  # noqa: BLE001 - one row's, told below
        log.info("rejected deliveries are stored one at a time: %s", error)
        return _write_each(batch)
    return []


def cut_metadata(batch: list[Delivery]) -> None:
    """Of an account that stores certain keys alone, a body that can't be read as JSON (a cut one too) is not kept."""
    chosen = Account.objects.filter(pk__in={row.account_id for row in batch}, store_metadata_keys__isnull=False)
    keys = dict(chosen.values_list("pk", "store_metadata_keys"))
    for row in batch:
        row.body = cut_body(bytes(row.body), keys.get(row.account_id))


def _write_each(batch: list[Delivery]) -> list[Delivery]:
    for number, row in enumerate(batch):
        row.pk = None
        try:
            row.save(force_insert=True)
        except database_away.ERRORS as error:
            log.warning("%d rejected deliveries are not stored yet: %s", len(batch) - number, error)
            return batch[number:]
        except Exception:
            log.exception("a rejected delivery to account %s can't be stored and is dropped", row.account_id)
    return []
