"""Asks an application over HTTP: in batches, within a time, no redirects, a bounded answer."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from asgiref.sync import async_to_sync

from sandboxes.base.outbound import guard
from sandboxes.cleanup.owner_callback.question import Unusable, ask, read
from sandboxes.core.crypto import CryptoError
from sandboxes.models import OwnerCallback

BATCH = 500
LARGEST_ANSWER_BYTES = 1024 * 1024
LONGEST_SECONDS = 30.0  # for one question, whatever the record says
ALL_SECONDS = 30.0  # for all questions of one round; what does not fit into it was not answered


@dataclass
class Heard:
    """Who was called dead, and for the others, by ID, why they live."""

    dead: set[str] = field(default_factory=set)
    alive: dict[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> list[str]:
        """Why questions had no usable answer."""
        return sorted({why for why in self.alive.values() if why != SAID})


SAID = "its application does not call it dead"


def hear(callback: OwnerCallback, account: str, ids: Sequence[str], before: str) -> Heard:
    """Asks about all `ids`; whoever is not plainly called dead lives. Raises nothing that the other side can cause."""
    heard, end = Heard(), time.monotonic() + ALL_SECONDS
    try:
        secret = callback.secret
    except CryptoError as error:
        heard.alive = dict.fromkeys(ids, f"its application can't be asked: {error}")
        return heard
    async_to_sync(_ask_all)(heard, callback, secret, account, ids, before, end)
    return heard


async def _ask_all(
    heard: Heard, callback: OwnerCallback, secret: str, account: str, ids: Sequence[str], before: str, end: float
) -> None:
    timeout = min(callback.timeout_seconds, LONGEST_SECONDS)
    async with guard(httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=timeout)) as client:
        for start in range(0, len(ids), BATCH):
            batch, seconds = ids[start : start + BATCH], min(timeout, end - time.monotonic())
            try:
                dead = await _one(client, callback.url, secret, account, batch, before, seconds)
            except Unusable as error:
                heard.alive |= dict.fromkeys(batch, f"its application gave no usable answer: {error}")
            else:
                heard.dead |= dead
                heard.alive |= dict.fromkeys(set(batch) - dead, SAID)


async def _one(
    client: httpx.AsyncClient, url: str, secret: str, account: str, batch: Sequence[str], before: str, seconds: float
) -> set[str]:
    if seconds <= 0:
        raise Unusable(f"it was not asked: {ALL_SECONDS:.0f} s were up")
    question = ask(batch, account=account, before=before, secret=secret, at=int(time.time()))
    try:
        # httpx counts from one byte to the next; this counts the whole answer, so that a trickle holds nobody.
        async with (
            asyncio.timeout(seconds),
            client.stream("POST", url, content=question.body, headers=question.headers) as response,
        ):
            return read(response.status_code, await _bounded(response), batch)
    except (TimeoutError, httpx.TimeoutException):
        raise Unusable(f"no whole answer within {seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unusable(f"{type(error).__name__}") from None


async def _bounded(response: httpx.Response) -> bytes:
    """The body, as long as it is small."""
    found = b""
    async for part in response.aiter_bytes():
        found += part
        if len(found) > LARGEST_ANSWER_BYTES:
            raise Unusable(f"its answer is larger than {LARGEST_ANSWER_BYTES // 1024} KiB")
    return found
