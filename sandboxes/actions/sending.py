"""Sends what is due, looks at what has no answer, and waits for what was answered to become a fact."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from sandboxes import accounts
from sandboxes.actions import announce, calls, confirming, looking
from sandboxes.actions.calls import Result
from sandboxes.actions.claims import Claim, claim_due
from sandboxes.actions.last_check import LastCheck
from sandboxes.actions.settling import settle
from sandboxes.e2b import E2BClient
from sandboxes.models import Action

AT_ONCE = 16  # calls at E2B side by side, for one account and worker
ROUND_SECONDS = 45.0
TELL_SECONDS = 0.25  # between two messages to the pages: one for each answer cost a fifth of a sender's time


async def send_due() -> int:
    """One round, run every 2 s and whenever somebody asks for something; how many actions it sent.

    Several workers may run it at once: claims and looks are taken under locks. Safe to stop at any point.
    """
    await sync_to_async(close_old_connections)()
    try:
        sent = await _send_all()
        await looking.look_at_unanswered()
        await confirming.confirm_answered()
        return sent
    finally:
        await sync_to_async(close_old_connections)()


async def _send_all() -> int:
    """Until nothing is due, or the round's time is over."""
    sent, end = 0, datetime.now(UTC) + timedelta(seconds=ROUND_SECONDS)
    async with AsyncExitStack() as kept:
        senders: dict[int, _Sender] = {}
        while datetime.now(UTC) < end:
            claims = await sync_to_async(claim_due)(datetime.now(UTC))
            if not claims:
                break
            by_account: dict[int, list[Claim]] = defaultdict(list)
            for claim in claims:
                by_account[claim.action.account_id].append(claim)
            for account, mine in by_account.items():
                if account not in senders:
                    client = await sync_to_async(accounts.client_for)(mine[0].action.account, AT_ONCE)
                    senders[account] = _Sender(await kept.enter_async_context(client))
            await asyncio.gather(*(senders[account].send(mine) for account, mine in by_account.items()))
            sent += len(claims)
    return sent


class _Sender:
    """Sends for one account, on connections that stay open for the whole round."""

    def __init__(self, client: E2BClient) -> None:
        self._client = client
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._check = LastCheck()

    async def send(self, claims: Sequence[Claim]) -> None:
        """Side by side; answers that came while others were being written are written together."""
        waiting = {asyncio.create_task(self._one(claim)) for claim in claims}
        untold: list[Action] = []
        told_at = time.monotonic()
        while waiting:
            answered, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            pairs = [pair for pair in [task.result() for task in answered] if pair is not None]
            if pairs:
                untold += await sync_to_async(settle)(pairs)
            if untold and (not waiting or time.monotonic() - told_at > TELL_SECONDS):
                await sync_to_async(announce.changed)(untold)
                untold, told_at = [], time.monotonic()

    async def _one(self, claim: Claim) -> tuple[Claim, Result] | None:
        async with self._gate:
            # Checked at the last moment: a claim that is not ours any more is left to who looks at it.
            if not await self._check.is_mine(claim):
                return None
            return claim, await calls.perform(self._client, claim.action, claim.deadline_seconds)
