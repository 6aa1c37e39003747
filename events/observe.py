"""Reads each account's list and takes in what differs from the record, as `observed` events through the inbox."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.db import transaction

from events import inbox, observed
from events.metadata_keys import cut_words
from events.observed import Seen
from sandboxes.core import accounts, cooldowns, live, rounds
from sandboxes.e2b import (
    Capabilities,
    E2BClient,
    E2BError,
    Inventory,
    ListedSandbox,
    NoProgress,
    NotFound,
    SandboxInfo,
    Template,
    probe,
)
from sandboxes.e2b.doubts import UNLISTED, together
from sandboxes.fleet import inventory, same_fleets
from sandboxes.fleet.inventory import Difference, Held
from sandboxes.metrics import polling
from sandboxes.models import Account, AccountHealth, Sandbox

LOOKS_AT_ONCE = 16
DEADLINE_SECONDS = 150.0  # for one account's sync: its list may take 120 s
LOOKS_A_ROUND = 2_000
ENDLESS_REST_SECONDS = 120.0
DATED_BY = "dated_by"  # in an observed end: `planned_end` where `ended_at` is that, not another last sign
TEMPLATES_EVERY = timedelta(minutes=10)
PROBE_EVERY = timedelta(hours=1)
PROBE_AGAIN = timedelta(minutes=1)
log = logging.getLogger(__name__)


async def sync_all() -> None:
    """Every enabled account, side by side; one that fails does not hold up the others."""
    await rounds.for_each_account("sync", sync, deadline_seconds=DEADLINE_SECONDS)
    await sync_to_async(same_fleets.recognise)(datetime.now(UTC))


async def sync(account: Account) -> int:
    """One look at the whole list of `account`; the number of differences taken in.

    A failed look is written down and changes nothing: nobody is declared dead for a failed call.
    """
    if await cooldowns.is_on(_endless(account)):
        return 0
    health = await sync_to_async(accounts.health_of)(account)
    try:
        async with accounts.client_for(account) as client:
            taken = await _look(account, health, client)
    except E2BError as error:
        health.sync_error, health.sync_failed_at = str(error), datetime.now(UTC)
        health.reachable = False
        await health.asave(update_fields=["sync_error", "sync_failed_at", "reachable"])
        log.warning("account %s: the list could not be read: %s", account.name, error)
        taken = 0
    await live.apublish("status", account.pk, polling.status(health))
    return taken


async def _look(account: Account, health: AccountHealth, client: E2BClient) -> int:
    await _learn_the_backend(account, health, client)
    found = await client.list_all()
    offset = timedelta(seconds=found.clock_offset_seconds)
    sent_at = found.sent_at + offset
    held = await sync_to_async(inventory.held_by)(account, [entry.sandbox_id for entry in found.items])
    listed = _as_stored(account, found.items)
    seen = [Seen(one, sent_at) for one in inventory.differences(held, listed, sent_at)]
    doubts = together([found.doubts, inventory.doubts_of(found.items)])
    if found.complete:
        gone, still_there = await _gone(account, client, offset, inventory.missing(held, found.items, sent_at))
        seen += gone
        for one in still_there:
            doubts.note(UNLISTED, one)
        health.last_sync_at, health.sync_error = found.sent_at, ""
    else:
        health.sync_error, health.sync_failed_at = str(found.failure), datetime.now(UTC)
        if isinstance(found.failure, NoProgress):
            await cooldowns.start(_endless(account), ENDLESS_REST_SECONDS)
    arrivals = await observed.arrivals(account, seen)
    await inbox.store(arrivals)
    health.reachable, health.clock_offset_seconds = True, found.clock_offset_seconds
    health.list_doubts = doubts.to_list()
    fields = ["last_sync_at", "sync_error", "sync_failed_at", "reachable", "clock_offset_seconds", "list_doubts"]
    await health.asave(update_fields=fields)
    return len(arrivals)


def _as_stored(account: Account, listed: Sequence[ListedSandbox]) -> Sequence[ListedSandbox]:
    """The entries without the metadata that this account does not store."""
    keys = account.store_metadata_keys
    if keys is None:
        return listed
    return [msgspec.structs.replace(entry, metadata=cut_words(entry.metadata, keys)) for entry in listed]


def _endless(account: Account) -> str:
    """The cooldown of an account whose list has no end: it is asked rarely, and its error stays."""
    return f"endless-list:{account.pk}"


async def settle_paused(account: Account, client: E2BClient, sandbox_ids: Iterable[str], listed: Inventory) -> int:
    """Looks at those of `sandbox_ids` that we hold for paused and the complete list does not name; how many differed.

    E2B's events tell nothing of the kill of a paused sandbox: read alone, they leave it paused for good.
    """
    if not listed.complete:
        return 0
    offset = timedelta(seconds=listed.clock_offset_seconds)
    paused = await sync_to_async(inventory.paused_among)(account, sandbox_ids)
    absent = inventory.missing(paused, listed.items, listed.sent_at + offset)
    gone, _ = await _gone(account, client, offset, absent)
    arrivals = await observed.arrivals(account, gone)
    await inbox.store(arrivals)
    return len(arrivals)


async def _gone(
    account: Account, client: E2BClient, offset: timedelta, absent: Sequence[Held]
) -> tuple[list[Seen], list[str]]:
    """A GET for each that is on no page: what it shows, and the IDs of those that it shows alive.

    Only GET proves a death. What it shows otherwise than we hold it is taken in too.
    """
    gate = asyncio.Semaphore(LOOKS_AT_ONCE)
    still_there: list[str] = []

    async def look(one: Held) -> Seen | None:
        async with gate:
            sent_at = datetime.now(UTC) + offset
            try:
                info: SandboxInfo = await client.get(one.sandbox_id)
            except NotFound:
                return Seen(_death(account, one, sent_at), sent_at)
            except E2BError as error:
                log.info("account %s: no look at %s: %s", account.name, one.sandbox_id, error)
                return None
            still_there.append(one.sandbox_id)
            seen = inventory.differences({one.sandbox_id: one}, _as_stored(account, [info]), sent_at)
            return Seen(seen[0], sent_at) if seen else None

    looked = await asyncio.gather(*map(look, absent[:LOOKS_A_ROUND]))
    return [found for found in looked if found], still_there


def _death(account: Account, one: Held, sent_at: datetime) -> Difference:
    """It is gone without a word; `ended_at` says since when at the least, where that is better than now.

    A run that had an end before now ended then, as far as anybody can know. What changed last before we watched this
    account at all had died unseen: its death is dated by its last sign, not counted as one of today.
    """
    data: dict[str, object] = {"started_at": one.started_at.isoformat()}
    if one.state == "running" and one.end_at and one.end_at < sent_at:
        data |= {"ended_at": one.end_at.isoformat(), DATED_BY: "planned_end"}
    elif one.changed_at < account.created_at:
        data["ended_at"] = one.changed_at.isoformat()
    return Difference("killed", one.sandbox_id, one.template_id, data)


async def _learn_the_backend(account: Account, health: AccountHealth, client: E2BClient) -> None:
    """What it can do (once an hour) and what its templates are called (every 10 minutes)."""
    now = datetime.now(UTC)
    asked = datetime.fromisoformat(account.capabilities.get("at", "1970-01-01T00:00:00+00:00"))
    if now - asked > PROBE_EVERY:
        known = await probe(client, Capabilities.from_dict(account.capabilities))
        # Nothing learned (a wrong key, a backend that is away): asked again soon, not in an hour.
        learned = any(value is not None for value in known.to_dict().values())
        asked_at = now if learned else now - PROBE_EVERY + PROBE_AGAIN
        account.capabilities = known.to_dict() | {"at": asked_at.isoformat()}
        await account.asave(update_fields=["capabilities"])
    if health.templates_at is None or now - health.templates_at > TEMPLATES_EVERY:
        await _learn_templates(account, health, client, now)


async def _learn_templates(account: Account, health: AccountHealth, client: E2BClient, now: datetime) -> None:
    try:
        templates = await client.templates()
    except E2BError as error:
        log.info("account %s: no names of templates: %s", account.name, error)
        templates = []
    known = {t.template_id: _template(t) for t in templates}
    health.templates_at = now
    if known and known != health.templates:
        health.templates = known
        for template_id, told in known.items():
            await sync_to_async(_name_template)(account, template_id, told["name"])
    await health.asave(update_fields=["templates", "templates_at"])


@transaction.atomic
def _name_template(account: Account, template_id: str, name: str | None) -> None:
    """In the order in which the inbox locks its rows: two writers wait for each other, they never cross."""
    rows = Sandbox.objects.filter(account=account, template_id=template_id).exclude(template_name=name)
    keys = list(rows.select_for_update(of=("self",)).order_by("account_id", "sandbox_id").values_list("pk", flat=True))
    Sandbox.objects.filter(pk__in=keys).update(template_name=name)


def _template(told: Template) -> dict[str, Any]:
    """Its name, and the size that a sandbox of it has until the list tells its own."""
    sizes = {"cpu_count": told.cpu_count, "memory_mb": told.memory_mb, "disk_mb": told.disk_size_mb}
    return {"name": next(iter(told.names), None), **{name: size or 0 for name, size in sizes.items()}}
