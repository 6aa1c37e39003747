"""The newest sample of every running sandbox, each tick: asked in bulk, published, and kept as one row."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.db.models import F

from sandboxes import holds, live, turns
from sandboxes.accounts import client_for, enabled_accounts, health_of
from sandboxes.crypto import CannotDecrypt
from sandboxes.e2b import (
    BadAnswer,
    BulkMetrics,
    Capabilities,
    E2BClient,
    E2BError,
    NotFound,
    ServerFailed,
    Unreachable,
    Unsupported,
)
from sandboxes.models import Account, AccountHealth, Sandbox
from sandboxes.series import frame_store
from sandboxes.series.frame import Frame, Running, build, seen_in

LEAST_TURN_SECONDS = 10.0
SINGLE_CALLS_A_TICK = 100  # where there is no bulk call: so many sandboxes get a new sample each tick, in turn
log = logging.getLogger(__name__)

# IDs that a backend called malformed, by account: one of them fails a whole bulk call. Each process finds out anew.
_refused: dict[int, set[str]] = {}


@dataclass(frozen=True)
class Tick:
    """One account's shard at one moment: the sandboxes whose key leaves `shard` when divided by `shards`."""

    account: Account
    at: datetime
    shard: int = 0
    shards: int = 1


async def poll_all() -> None:
    """Polls every enabled account. Raises an ExceptionGroup of what was no E2B error; one account hinders no other."""
    await sync_to_async(close_old_connections)()
    try:
        accounts = await sync_to_async(enabled_accounts)()
        ended = await asyncio.gather(*(poll(account) for account in accounts), return_exceptions=True)
    finally:
        await sync_to_async(close_old_connections)()
    if errors := [error for error in ended if isinstance(error, Exception)]:
        raise ExceptionGroup("polling failed", errors)


async def poll(account: Account, shard: int = 0, shards: int = 1) -> Frame | None:
    """One tick of one account's shard; the frame, or None when it was not our turn or the backend failed.

    A tick that comes while the one before still runs is skipped and counted, never queued. A failure is written to
    the account's health and changes nothing else; when the backend said when to come back, nobody asks before.
    """
    seconds = _turn_seconds()
    async with turns.turn(f"poll:{account.pk}:{shard}", seconds) as held:
        if not held:
            await sync_to_async(_count_late)(account)
            return None
        if await holds.is_held(f"poll:{account.pk}"):
            return None
        tick = Tick(account, datetime.now(UTC), shard, shards)
        begun = time.monotonic()
        try:
            frame = await _take(tick, begun, deadline_seconds=seconds - 2)
        except (E2BError, CannotDecrypt) as error:
            log.warning("poll of %s failed: %s", account.name, error)
            await _obey(account, [error])
            await _tell(account, _failure(error))
            return None
        return frame


async def _obey(account: Account, errors: Sequence[Exception]) -> None:
    """Waits with the next poll for as long as the backend asked for."""
    await holds.hold(
        f"poll:{account.pk}", max((getattr(error, "retry_after", None) or 0 for error in errors), default=0)
    )


def _turn_seconds() -> float:
    """Short enough that a dead worker's shard is taken over within two ticks."""
    return max(LEAST_TURN_SECONDS, 2 * float(settings.POLL_INTERVAL_SECONDS))


async def _take(tick: Tick, begun: float, *, deadline_seconds: float) -> Frame | None:
    before = await sync_to_async(frame_store.newest)(tick.account.pk, tick.shard, tick.at)
    if before and tick.at - before.at < timedelta(seconds=settings.POLL_INTERVAL_SECONDS / 2):
        return None  # a second clock fired for the same tick
    running = await sync_to_async(_running)(tick)
    async with client_for(tick.account) as client:
        answers = await _ask(client, tick, running, deadline_seconds)
        clock_unix = int(tick.at.timestamp() + client.clock_offset_seconds)
    await _obey(tick.account, answers.failures)
    frame = build(running, answers.samples, seen_in(before) if before else {}, clock_unix)
    took = time.monotonic() - begun
    await live.apublish("frame", tick.account.pk, _message(tick, frame, took))
    await sync_to_async(frame_store.write)(tick.account.pk, tick.shard, tick.at, frame, before)
    await _tell(tick.account, _success(tick, answers, time.monotonic() - begun))
    return frame


def _running(tick: Tick) -> list[Running]:
    rows = Sandbox.objects.filter(account=tick.account, state=Sandbox.State.RUNNING)
    if tick.shards > 1:
        rows = rows.annotate(part=F("id") % tick.shards).filter(part=tick.shard)
    listed = rows.values_list("id", "sandbox_id", "started_at")
    return [Running(key, sandbox_id, started_at.timestamp()) for key, sandbox_id, started_at in listed.iterator()]


async def _ask(client: E2BClient, tick: Tick, running: Sequence[Running], deadline_seconds: float) -> BulkMetrics:
    refused = _refused.setdefault(tick.account.pk, set())
    ids = [one.sandbox_id for one in running if one.sandbox_id not in refused]
    if Capabilities.from_dict(tick.account.capabilities).lacks("bulk_metrics"):
        return await _ask_in_turn(client, tick, ids, deadline_seconds)
    try:
        answers = await client.latest_metrics(ids, deadline_seconds=deadline_seconds)
    except (NotFound, Unsupported):
        answers = await _ask_in_turn(client, tick, ids, deadline_seconds)
        if ids and not answers.samples:
            raise  # nothing at all is there: it is the address that is wrong
        return answers
    refused.update(answers.refused_ids)
    return answers


async def _ask_in_turn(client: E2BClient, tick: Tick, ids: list[str], deadline_seconds: float) -> BulkMetrics:
    """Single calls for the next of them; whose turn it is follows from the time, so any worker can go on."""
    number = int(tick.at.timestamp() / settings.POLL_INTERVAL_SECONDS)
    first = number * SINGLE_CALLS_A_TICK % len(ids) if ids else 0
    return await client.metrics_one_by_one(
        (ids[first:] + ids[:first])[:SINGLE_CALLS_A_TICK],
        max_calls=SINGLE_CALLS_A_TICK,
        deadline_seconds=deadline_seconds,
    )


def _message(tick: Tick, frame: Frame, took: float) -> dict[str, Any]:
    return {
        "at": tick.at.timestamp(),
        "shard": tick.shard,
        "took": round(took, 3),
        "keys": frame.keys,
        "ages": frame.ages,
        "cpu": frame.cpu,
        "mem": frame.mem,
        "mem_total": frame.mem_total,
        "disk": frame.disk,
        "disk_total": frame.disk_total,
    }


def _success(tick: Tick, answers: BulkMetrics, seconds: float) -> dict[str, Any]:
    """Fields of AccountHealth after a frame was written; a frame with holes says why."""
    fields: dict[str, Any] = {"last_poll_at": tick.at, "poll_seconds": round(seconds, 3), "poll_error": ""}
    if answers.calls:
        fields["reachable"] = True  # without anything running nothing was asked, and nothing is known
    if answers.failures:
        fields["poll_error"] = f"{len(answers.unread_ids)} sandboxes not read: {answers.failures[0]}"
        fields["poll_failed_at"] = datetime.now(UTC)
    return fields


def _failure(error: Exception) -> dict[str, Any]:
    fields: dict[str, Any] = {"poll_error": str(error), "poll_failed_at": datetime.now(UTC)}
    if isinstance(error, Unreachable | ServerFailed | BadAnswer):
        fields["reachable"] = False
    return fields


def _count_late(account: Account) -> None:
    health_of(account)
    AccountHealth.objects.filter(account=account).update(polls_late=F("polls_late") + 1)


async def _tell(account: Account, fields: dict[str, Any]) -> None:
    health = await sync_to_async(_record)(account, fields)
    await live.apublish("status", account.pk, status(health))


def _record(account: Account, fields: dict[str, Any]) -> AccountHealth:
    pk = health_of(account).pk
    AccountHealth.objects.filter(pk=pk).update(**fields)
    return AccountHealth.objects.get(pk=pk)


def status(health: AccountHealth) -> dict[str, Any]:
    """The body of the live message "status"; times in Unix seconds, null before the first."""
    return {
        "last_sync_at": health.last_sync_at.timestamp() if health.last_sync_at else None,
        "last_poll_at": health.last_poll_at.timestamp() if health.last_poll_at else None,
        "poll_seconds": health.poll_seconds,
        "sync_error": health.sync_error,
        "poll_error": health.poll_error,
        "reachable": health.reachable,
    }
