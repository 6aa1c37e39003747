"""Sends what is due, verifies what has no answer, and confirms what was answered: each account for itself."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.db.models import Exists, OuterRef, Q

from sandboxes.actions import announce, calls, confirming, namesakes, verify
from sandboxes.actions.calls import Result
from sandboxes.actions.claims import UNREAD, Claim, claim_due, queued_due
from sandboxes.actions.last_check import LastCheck
from sandboxes.actions.settling import settle
from sandboxes.core import accounts, round_errors, rounds
from sandboxes.core.round_errors import text_of
from sandboxes.e2b import E2BClient
from sandboxes.models import Account, Action

AT_ONCE = 16  # calls at E2B side by side, for one account
ROUND_SECONDS = 45.0  # in which an account's actions are claimed
LINGER_SECONDS = 2.0  # for more to claim, while calls are under way
ASK_AGAIN_SECONDS = 0.5
DEADLINE_SECONDS = 150.0  # for claiming, verifying and confirming; each call has a deadline of its own
TELL_SECONDS = 0.25  # between two messages to the pages: one for each answer cost a fifth of a sender's time
POSTPONED_SECONDS = 30.0  # until an account that could not send anything tries again
MOST_TOLD = 500
State = Action.State
log = logging.getLogger(__name__)


async def send_due() -> int:
    """One round, run every 2 s and whenever somebody asks for something; how many actions it sent.

    Every account with open actions has its own claims, connections, lock and deadline: none waits for another. The lock
    is held while there is something to claim, to verify or to confirm. Calls that take longer (a pause may take
    minutes) are waited for without it, so that they delay no other action of their account.
    Several workers may run it at once. Safe to stop at any point.
    """
    await sync_to_async(close_old_connections)()
    slow: list[asyncio.Task[None]] = []

    async def serve(account: Account) -> int:
        return await _serve(account, slow)

    try:
        open_now = await sync_to_async(_with_open_actions)(datetime.now(UTC))
        sent = await rounds.side_by_side("act", open_now, serve, deadline_seconds=DEADLINE_SECONDS)
        await confirming.notice_reversed()
        await namesakes.release()
        for task in slow:
            await _finished(task)
        return sum(sent.values())
    finally:
        for task in slow:
            task.cancel()
        await sync_to_async(close_old_connections)()


async def _finished(task: asyncio.Task[None]) -> None:
    """One account's last answers; their failure is no other account's."""
    try:
        await task
    except Exception:
        log.exception("the last answers of a round could not be taken in")


def _with_open_actions(now: datetime) -> list[Account]:
    """Accounts with something to send, to verify or to confirm; disabled ones too, for what was asked before.

    And those whose last round failed: with nothing left to do it succeeds, and its error goes.
    """
    mine = Action.objects.filter(account=OuterRef("pk"))
    waiting = Q(Exists(queued_due(now).filter(account=OuterRef("pk"))))
    unsettled = Q(Exists(mine.filter(state=State.SENT, next_attempt_at__lte=now))) | Q(
        Exists(mine.filter(state=State.DONE))
    )
    failing = Q(pk__in=[account.pk for account in round_errors.failing("act")])
    return list(Account.objects.filter(waiting | unsettled | failing).order_by("pk"))


async def _serve(account: Account, slow: list[asyncio.Task[None]]) -> int:
    """One account's round; calls that are still under way join `slow`.

    What stopped its sending is raised at the end, after its other steps.
    """
    problem: Exception | None = None
    sent = 0
    try:
        sent = await _send_all(account, slow)
    except Exception as error:  # noqa: BLE001 - raised below
        problem = error
        await sync_to_async(_postpone)(account, error, datetime.now(UTC))
    await verify.look_at_unanswered(account)
    await confirming.confirm_answered(account)
    if problem is not None:
        raise problem
    return sent


async def _send_all(account: Account, slow: list[asyncio.Task[None]]) -> int:
    """Until nothing of it is due, or the round's time is over. The key is opened before anything is claimed."""
    client = await sync_to_async(accounts.client_for)(account, AT_ONCE)
    sender = _Sender(client)
    try:
        client.check_key()
        sent = await _claim_and_send(account, sender)
    except BaseException:
        await sender.stop()
        raise
    slow.append(asyncio.create_task(sender.finish()))
    return sent


async def _claim_and_send(account: Account, sender: "_Sender") -> int:
    """Claims more as soon as a call could begin: one that takes long holds up none that is asked for meanwhile."""
    sent, began = 0, time.monotonic()
    quiet_since = began
    while (now := time.monotonic()) - began < ROUND_SECONDS:
        claims = await sync_to_async(claim_due)(datetime.now(UTC), account) if sender.has_room else []
        if claims:
            sender.start(claims)
            sent, quiet_since = sent + len(claims), now
        elif sender.has_room and (not sender.is_busy or now - quiet_since > LINGER_SECONDS):
            break
        await sender.take_answers(ASK_AGAIN_SECONDS)
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
    """Sends for one account, side by side, on connections that stay open until the last answer."""

    def __init__(self, client: E2BClient) -> None:
        self._client = client
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._check = LastCheck()
        self._calls: set[asyncio.Task[tuple[Claim, Result] | None]] = set()
        self._untold: list[Action] = []
        self._told_at = time.monotonic()

    @property
    def is_busy(self) -> bool:
        """Whether any call is under way."""
        return bool(self._calls)

    @property
    def has_room(self) -> bool:
        """Whether one more call could begin at once."""
        return len(self._calls) < AT_ONCE

    def start(self, claims: Sequence[Claim]) -> None:
        """Begins their calls."""
        self._calls |= {asyncio.create_task(self._one(claim)) for claim in claims}

    async def take_answers(self, seconds: float | None) -> None:
        """Those that come first, within `seconds`; what came while others were written is written together."""
        if not self._calls:
            return
        answered, self._calls = await asyncio.wait(self._calls, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        pairs = [pair for pair in [task.result() for task in answered] if pair is not None]
        if pairs:
            self._untold += await _settle(pairs)
        if self._untold and (not self._calls or time.monotonic() - self._told_at > TELL_SECONDS):
            await sync_to_async(announce.changed)(self._untold)
            self._untold, self._told_at = [], time.monotonic()

    async def finish(self) -> None:
        """Waits for the last answer."""
        try:
            while self._calls:
                await self.take_answers(None)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Closes the connections; calls under way are left to be verified."""
        for task in self._calls:
            task.cancel()
        await self._client.aclose()

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
