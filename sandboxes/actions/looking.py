"""Looks at sandboxes whose call has no answer (a broken connection, a crash): only what E2B shows settles them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import transaction

from sandboxes import accounts
from sandboxes.actions import waking
from sandboxes.actions.calls import ALREADY_PAUSED, CONFLICT, Result
from sandboxes.actions.claims import UNREAD
from sandboxes.actions.settling import apply, fail, locked, store
from sandboxes.e2b import E2BError, NotFound, SandboxInfo
from sandboxes.models import Account, Action

LOOKS = 64
AT_ONCE = 16
HELD_SECONDS = 120.0  # a look that was taken and never came back may be taken again after this

Kind, State = Action.Kind, Action.State
Seen = SandboxInfo | E2BError  # NotFound among the errors is the one proof of death


async def look_at_unanswered() -> None:
    """Settles what was sent, has no answer, and is due for a look."""
    for action, seen in await looks(State.SENT):
        await sync_to_async(_conclude)(action, seen)


async def looks(state: str) -> list[tuple[Action, Seen]]:
    """Actions of `state` that are due for a look, each with what E2B shows of its sandbox now."""
    taken = await sync_to_async(_take)(state, datetime.now(UTC))
    return await look_at(taken)


async def look_at(actions: Sequence[Action]) -> list[tuple[Action, Seen]]:
    """`GET /sandboxes/{id}` for each, by its own account's key. The actions need `sandbox` and `account` loaded."""
    by_account: dict[int, list[Action]] = defaultdict(list)
    for action in actions:
        by_account[action.account_id].append(action)
    found = await asyncio.gather(*(_look_at_account(mine) for mine in by_account.values()))
    seen = [pair for pairs in found for pair in pairs]
    await sync_to_async(waking.learn)(seen)
    return seen


async def _look_at_account(actions: Sequence[Action]) -> list[tuple[Action, Seen]]:
    found = await look_at_sandboxes(actions[0].account, [action.sandbox.sandbox_id for action in actions])
    return [(action, found[action.sandbox.sandbox_id]) for action in actions]


async def look_at_sandboxes(account: Account, sandbox_ids: Iterable[str]) -> dict[str, Seen]:
    """`GET /sandboxes/{id}` for each of one account's, some side by side."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with await sync_to_async(accounts.client_for)(account, AT_ONCE) as client:

        async def look(sandbox_id: str) -> tuple[str, Seen]:
            async with gate:
                try:
                    return sandbox_id, await client.get(sandbox_id, deadline_seconds=10.0)
                except E2BError as error:
                    return sandbox_id, error

        return dict(await asyncio.gather(*(look(one) for one in dict.fromkeys(sandbox_ids))))


@transaction.atomic
def _take(state: str, now: datetime) -> Sequence[Action]:
    """Takes due looks, so that no other worker makes them too."""
    due = Action.objects.select_for_update(skip_locked=True, of=("self",)).filter(state=state, next_attempt_at__lte=now)
    taken = list(due.select_related("sandbox", "account").defer(*UNREAD).order_by("next_attempt_at")[:LOOKS])
    held = now + timedelta(seconds=HELD_SECONDS)
    Action.objects.filter(pk__in=[action.pk for action in taken]).update(next_attempt_at=held)
    return taken


@transaction.atomic
def _conclude(looked_at: Action, seen: Seen) -> None:
    action = locked(looked_at.pk)
    if action.state != State.SENT or action.claim_number != looked_at.claim_number:
        return
    if isinstance(seen, NotFound):
        if action.kind == Kind.KILL:
            apply(action, Result("done", "killed"))
        else:
            fail(action, "The sandbox is gone", "gone")
    elif isinstance(seen, E2BError):
        now = datetime.now(UTC)
        since = (now - (action.sent_at or now)).total_seconds()
        action.error = f"Not known yet whether it happened, E2B does not answer: {seen}"
        action.next_attempt_at = now + timedelta(seconds=min(120.0, max(5.0, since / 2)))
    elif (action.kind, seen.state) in ((Kind.PAUSE, "paused"), (Kind.RESUME, "running")):
        # Refused as paused already: somebody else's pause, which is no quarantine of ours.
        already = action.kind == Kind.PAUSE and action.parameters.get(CONFLICT)
        apply(action, Result("done", ALREADY_PAUSED if already else f"{action.kind}d"))
    else:
        apply(action, Result("again", error=action.error or "E2B gave no answer, and nothing had happened"))
    store([action])
