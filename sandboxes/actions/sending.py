"""Sends what is due, looks at what has no answer, and waits for what was answered to become a fact."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from sandboxes import accounts
from sandboxes.actions import calls, confirming, looking
from sandboxes.actions.calls import Result
from sandboxes.actions.claims import Claim, claim_due, still_mine
from sandboxes.actions.settling import settle
from sandboxes.e2b import E2BClient
from sandboxes.models import Account

AT_ONCE = 8  # calls at E2B side by side, for one account
ROUND_SECONDS = 45.0


async def send_due() -> int:
    """One round, run every 2 s and whenever somebody asks for something; how many actions it sent.

    Several workers may run it at once: claims and looks are taken under locks. Safe to stop at any point.
    """
    await sync_to_async(close_old_connections)()
    try:
        sent, end = 0, datetime.now(UTC) + timedelta(seconds=ROUND_SECONDS)
        while datetime.now(UTC) < end:
            claims = await sync_to_async(claim_due)(datetime.now(UTC))
            if not claims:
                break
            await _send(claims)
            sent += len(claims)
        await looking.look_at_unanswered()
        await confirming.confirm_answered()
        return sent
    finally:
        await sync_to_async(close_old_connections)()


async def _send(claims: Sequence[Claim]) -> None:
    by_account: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_account[claim.action.account_id].append(claim)
    await asyncio.gather(*(_send_of(mine[0].action.account, mine) for mine in by_account.values()))


async def _send_of(account: Account, claims: Sequence[Claim]) -> None:
    """Sends side by side; answers that came while others were being written are written together."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with await sync_to_async(accounts.client_for)(account) as client:
        waiting = {asyncio.create_task(_send_one(client, claim, gate)) for claim in claims}
        while waiting:
            answered, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            pairs = [pair for pair in [task.result() for task in answered] if pair is not None]
            if pairs:
                await sync_to_async(settle)(pairs)


async def _send_one(client: E2BClient, claim: Claim, gate: asyncio.Semaphore) -> tuple[Claim, Result] | None:
    async with gate:
        # Checked at the last moment: a claim that is not ours any more is left to who looks at it.
        if not await sync_to_async(still_mine)(claim, datetime.now(UTC)):
            return None
        return claim, await calls.perform(client, claim.action, claim.deadline_seconds)
