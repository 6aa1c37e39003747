"""Sends what is due, verifies what has no answer, and confirms what was answered: each account for itself."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.db.models import Exists, OuterRef, Q

from sandboxes import accounts, rounds
from sandboxes.actions import announce, calls, confirming, looking
from sandboxes.actions.calls import Result
from sandboxes.actions.claims import BATCH, UNREAD, Claim, claim_due, queued_due
from sandboxes.actions.last_check import LastCheck
from sandboxes.actions.settling import settle
from sandboxes.e2b import E2BClient
from sandboxes.models import Account, Action
from sandboxes.round_errors import text_of

AT_ONCE = 16  # calls at E2B side by side, for one account
ROUND_SECONDS = 45.0  # in which an account's actions are claimed; what is under way then is still waited for
DEADLINE_SECONDS = 240.0  # for an account's whole round: a pause may take 150 s
TELL_SECONDS = 0.25  # between two messages to the pages: one for each answer cost a fifth of a sender's time
POSTPONED_SECONDS = 30.0  # until an account that could not send anything tries again
MOST_TOLD = 500
State = Action.State
log = logging.getLogger(__name__)


async def send_due() -> int:
    """One round, run every 2 s and whenever somebody asks for something; how many actions it sent.

    Every account with open actions has its own claims, connections, lock and deadline: none waits for another.
    Several workers may run it at once. Safe to stop at any point.
    """
    await sync_to_async(close_old_connections)()
    try:
        open_now = await sync_to_async(_with_open_actions)(datetime.now(UTC))
        sent = await rounds.side_by_side("act", open_now, _serve, deadline_seconds=DEADLINE_SECONDS)
        await confirming.notice_reversed()
        return sum(sent.values())
    finally:
        await sync_to_async(close_old_connections)()


def _with_open_actions(now: datetime) -> list[Account]:
    """Accounts with something to send, to verify or to confirm; disabled ones too, for what was asked before."""
    mine = Action.objects.filter(account=OuterRef("pk"))
    waiting = Q(Exists(queued_due(now).filter(account=OuterRef("pk"))))
    unsettled = Q(Exists(mine.filter(state=State.SENT, next_attempt_at__lte=now))) | Q(
        Exists(mine.filter(state=State.DONE))
    )
    return list(Account.objects.filter(waiting | unsettled).order_by("pk"))


async def _serve(account: Account) -> int:
    """One account's round. What stopped its sending is raised at the end, after its other steps."""
    problem: Exception | None = None
    sent = 0
    try:
        sent = await _send_all(account)
    except Exception as error:  # noqa: BLE001 - raised below
        problem = error
        await sync_to_async(_postpone)(account, error, datetime.now(UTC))
    await looking.look_at_unanswered(account)
    await confirming.confirm_answered(account)
    if problem is not None:
        raise problem
    return sent


async def _send_all(account: Account) -> int:
    """Until nothing of it is due, or the round's time is over. The key is opened before anything is claimed."""
    sent, end = 0, time.monotonic() + ROUND_SECONDS
    async with await sync_to_async(accounts.client_for)(account, AT_ONCE) as client:
        client.check_key()
        sender = _Sender(client)
        while time.monotonic() < end:
            claims = await sync_to_async(claim_due)(datetime.now(UTC), BATCH, account.pk)
            if not claims:
                break
            await sender.send(claims)
            sent += len(claims)
    return sent


def _postpone(account: Account, error: Exception, now: datetime) -> None:
    """The account's queued actions say why they wait, and are tried again later."""
    waiting = queued_due(now).filter(account=account)
    keys = list(waiting.values_list("pk", flat=True))
    again_at = now + timedelta(seconds=POSTPONED_SECONDS)
    Action.objects.filter(pk__in=keys, state=State.QUEUED).update(
        error=f"Not sent yet, tried again in {POSTPONED_SECONDS:.0f} s: {text_of(error)}", next_attempt_at=again_at
    )
    told = Action.objects.filter(pk__in=keys[:MOST_TOLD]).select_related("sandbox")
    announce.changed(told.defer(*UNREAD))


class _Sender:
    """Sends for one account, on connections that stay open for the whole round."""

    def __init__(self, client: E2BClient) -> None:
        self._client = client
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._check = LastCheck()

    async def send(self, claims: Sequence[Claim]) -> None:
        """Side by side; answers that came while others were being written are written together."""
        waiting = {asyncio.create_task(self._one(claim)) for claim in claims}
        try:
            await self._take_answers(waiting)
        finally:
            for task in waiting:
                task.cancel()

    async def _take_answers(self, waiting: set[asyncio.Task[tuple[Claim, Result] | None]]) -> None:
        untold: list[Action] = []
        told_at = time.monotonic()
        left = set(waiting)
        while left:
            answered, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            pairs = [pair for pair in [task.result() for task in answered] if pair is not None]
            if pairs:
                untold += await _settle(pairs)
            if untold and (not left or time.monotonic() - told_at > TELL_SECONDS):
                await sync_to_async(announce.changed)(untold)
                untold, told_at = [], time.monotonic()

    async def _one(self, claim: Claim) -> tuple[Claim, Result] | None:
        async with self._gate:
            # Checked at the last moment: a claim that is not ours any more is left to who looks at it.
            if not await self._is_mine(claim):
                return None
            try:
                return claim, await calls.perform(self._client, claim.action, claim.deadline_seconds)
            except Exception as error:  # whatever it was: the call may have been sent, so only a look tells
                log.exception("action %d: its call failed", claim.action.pk)
                return claim, Result("unknown", error=text_of(error))

    async def _is_mine(self, claim: Claim) -> bool:
        try:
            return await self._check.is_mine(claim)
        except Exception:  # nothing was sent: a look will show that nothing has happened
            log.exception("action %d was not sent, its claim could not be checked", claim.action.pk)
            return False


async def _settle(pairs: Sequence[tuple[Claim, Result]]) -> list[Action]:
    """Those that were moved on. One that can't be written is left to be verified, and spoils no other's answer."""
    try:
        return await sync_to_async(settle)(pairs)
    except Exception:
        if len(pairs) == 1:
            log.exception("the answer to action %d could not be written", pairs[0][0].action.pk)
            return []
    return [action for pair in pairs for action in await _settle([pair])]
