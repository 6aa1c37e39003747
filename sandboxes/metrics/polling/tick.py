"""One tick of one part: under its lock in Redis it asks, merges, publishes and writes one row."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections, transaction

from sandboxes.core import cooldowns, database, live, locks, redis_client, round_errors, rounds
from sandboxes.core.accounts import client_for, enabled_accounts
from sandboxes.e2b import E2BError
from sandboxes.metrics.polling import asking, health, parts, queries
from sandboxes.metrics.series import frame_store
from sandboxes.metrics.series.frame import Frame, Running, build
from sandboxes.metrics.series.frame_store import Before, Part
from sandboxes.models import Account

LEAST_LOCK_SECONDS = 10.0
DATABASE_SECONDS = 10.0  # for what a tick reads and writes beside its calls
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tick:
    """One part of an account at one moment."""

    account: Account
    part: Part
    at: datetime


async def poll_all() -> None:
    """Polls every part of every enabled account in this process; one account hinders no other."""
    await _each(await sync_to_async(parts.due)())


async def poll_part(part: Part) -> None:
    """Polls one part of an account that is still enabled: what a worker is handed."""
    await _each([part])


async def _each(wanted: Iterable[Part]) -> None:
    await sync_to_async(close_old_connections)()
    try:
        accounts = {account.pk: account for account in await sync_to_async(enabled_accounts)()}
        watched = [(accounts[part.account_id], part) for part in wanted if part.account_id in accounts]
        await asyncio.gather(*(_guarded(account, part) for account, part in watched))
    finally:
        await sync_to_async(close_old_connections)()


async def _guarded(account: Account, part: Part) -> None:
    """A tick of a part, whose unexpected failure becomes the account's."""

    async def tick(account: Account) -> Frame | None:
        return await poll(account, part.shard, part.shards)

    deadline, unit = _lock_seconds() + DATABASE_SECONDS, health.unit_of(part)
    frame = await rounds.guarded("poll", account, tick, deadline_seconds=deadline, unit=unit)
    if frame is not None:
        await rounds.succeeded("poll", account, unit)
    if frame is not None and part.shard == 0:
        units = [health.unit_of(Part(account.pk, shard, part.shards)) for shard in range(part.shards)]
        await sync_to_async(round_errors.clear_former_units)(account, "poll", units)


async def poll(account: Account, shard: int = 0, shards: int = 1) -> Frame | None:
    """One tick of one account's part; the frame, or None when another worker has its lock or the backend failed.

    A tick that comes while the one before still runs is skipped and counted, never queued. A failure is written to
    the account's health and changes nothing else; when the backend said when to come back, no part asks before.
    """
    seconds = _lock_seconds()
    part = Part(account.pk, shard, shards)
    async with redis_client.short() as redis, locks.lock(f"poll:{account.pk}:{shard}", seconds, redis) as held:
        if not held:
            await sync_to_async(health.count_late)(account)
            return None
        if await cooldowns.is_on(asking.cooldown_of(account.pk), redis):
            return None
        tick = Tick(account, part, datetime.now(UTC))
        try:
            return await _take(tick, time.monotonic(), deadline_seconds=seconds - 2)
        except E2BError as error:
            log.warning("poll of %s failed: %s", account.name, error)
            await asking.obey(account.pk, [error])
            await health.tell(account, part, health.failure(part, error))
            return None


def _lock_seconds() -> float:
    """Short enough that a dead worker's part is taken over within two ticks."""
    return max(LEAST_LOCK_SECONDS, 2 * float(settings.POLL_INTERVAL_SECONDS))


async def _take(tick: Tick, begun: float, *, deadline_seconds: float) -> Frame | None:
    account, part = tick.account, tick.part
    before, running = await sync_to_async(_known)(part, tick.at)
    if before.own_at and tick.at - before.own_at < timedelta(seconds=settings.POLL_INTERVAL_SECONDS / 2):
        return None  # a second clock fired for the same tick
    async with client_for(account) as client:
        answers = await asking.ask(client, account, part, tick.at, running, deadline_seconds)
        clock_unix = int(tick.at.timestamp() + client.clock_offset_seconds)
        paused_seconds = client.sender.paused_seconds
    await asking.obey(account.pk, answers.failures, paused_seconds)
    frame = build(running, answers.samples, before.seen, clock_unix)
    await live.apublish("frame", account.pk, _message(tick, frame, time.monotonic() - begun))
    fields = health.success(part, tick.at, answers, time.monotonic() - begun)
    fields |= health.emptiness(running, answers, clock_unix, tick.at)
    frame, told = await sync_to_async(_keep)(tick, frame, before, fields)
    await live.apublish("status", account.pk, told)
    return frame


def _known(part: Part, at: datetime) -> tuple[Before, list[Running]]:
    return frame_store.before(part, at), _running(part)


def _keep(tick: Tick, frame: Frame, before: Before, fields: dict[str, Any]) -> tuple[Frame, dict[str, Any]]:
    """The frame as it was kept, and how the account is: one commit for both, of which each waits for the disk."""
    with transaction.atomic():
        kept = frame_store.write(tick.part, tick.at, frame, before)
        return kept, health.status(health.record(tick.account, tick.part, fields))


def _running(part: Part) -> list[Running]:
    keys, ids, started = database.row(queries.RUNNING, [part.account_id, part.shards, part.shard])
    return list(map(Running, keys, ids, started)) if keys else []


def _message(tick: Tick, frame: Frame, took: float) -> dict[str, Any]:
    return {
        "at": tick.at.timestamp(),
        "shard": tick.part.shard,
        "shards": tick.part.shards,
        "took": round(took, 3),
        "keys": frame.keys,
        "ages": frame.ages,
        "cpu": frame.cpu,
        "mem": frame.mem,
        "mem_total": frame.mem_total,
        "disk": frame.disk,
        "disk_total": frame.disk_total,
    }
