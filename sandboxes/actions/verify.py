"""Looks at sandboxes whose call has no answer (a broken connection, a crash): only what E2B shows settles them."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import transaction

from sandboxes.actions import waking
from sandboxes.actions.calls import ALREADY_PAUSED, CONFLICT, PAUSE_REJECTED, Result
from sandboxes.actions.claims import UNREAD
from sandboxes.actions.settling import apply, fail, locked, store
from sandboxes.core import accounts
from sandboxes.core.round_errors import text_of
from sandboxes.e2b import E2BError, NotFound, SandboxInfo
from sandboxes.models import Account, Action

LOOKS = 64
AT_ONCE = 16
HELD_SECONDS = 120.0  # a look that was taken and never came back may be taken again after this

Kind, State = Action.Kind, Action.State
Seen = SandboxInfo | E2BError  # NotFound among the errors is the one proof of death
log = logging.getLogger(__name__)


async def look_at_unanswered(account: Account) -> None:
    """Settles what was sent for the account, has no answer, and is due for a look."""
    for action, seen in await looks(account, State.SENT):
        await each(action, conclude, seen)


async def looks(account: Account, state: str) -> list[tuple[Action, Seen]]:
    """The account's actions of `state` that are due for a look, each with what E2B shows of its sandbox now."""
    taken = await sync_to_async(_take)(account, state, datetime.now(UTC))
    return await look_at(account, taken)


async def each(action: Action, move: Callable[[Action, Seen], None], seen: Seen) -> None:
    """One action's step by what was seen; a failure is logged, and that action alone is looked at again later."""
    try:
        await sync_to_async(move)(action, seen)
    except Exception:
        log.exception("account %s: action %d could not be moved on", action.account.name, action.pk)


async def look_at(account: Account, actions: Sequence[Action]) -> list[tuple[Action, Seen]]:
    """`GET /sandboxes/{id}` for each of the account's actions, which need `sandbox` loaded."""
    if not actions:
        return []
    found = await look_at_sandboxes(account, [action.sandbox.sandbox_id for action in actions])
    seen = [(action, found[action.sandbox.sandbox_id]) for action in actions]
    await sync_to_async(waking.learn)(seen)
    return seen


async def look_at_sandboxes(account: Account, sandbox_ids: Iterable[str]) -> dict[str, Seen]:
    """`GET /sandboxes/{id}` for each of one account's, some side by side.

    Whatever goes wrong is what is seen of those that it concerns: of all where no client can be made.
    """
    names = list(dict.fromkeys(sandbox_ids))
    try:
        client = await sync_to_async(accounts.client_for)(account, AT_ONCE)
    except Exception as error:  # noqa: BLE001 - each look tells it
        return dict.fromkeys(names, _as_seen(account, error))
    gate = asyncio.Semaphore(AT_ONCE)
    async with client:

        async def look(sandbox_id: str) -> tuple[str, Seen]:
            async with gate:
                try:
                    return sandbox_id, await client.get(sandbox_id, deadline_seconds=10.0)
                except Exception as error:  # noqa: BLE001 - this look tells it
                    return sandbox_id, _as_seen(account, error)

        return dict(await asyncio.gather(*map(look, names)))


def _as_seen(account: Account, error: Exception) -> E2BError:
    if isinstance(error, E2BError):
        return error
    log.warning("account %s: its sandboxes can't be verified: %s", account.name, text_of(error), exc_info=error)
    return E2BError(text_of(error))


@transaction.atomic
def _take(account: Account, state: str, now: datetime) -> Sequence[Action]:
    """Takes due looks, so that no other worker makes them too."""
    free = Action.objects.select_for_update(skip_locked=True, of=("self",))
    due = free.filter(account=account, state=state, next_attempt_at__lte=now)
    taken = list(due.select_related("sandbox", "account").defer(*UNREAD).order_by("next_attempt_at")[:LOOKS])
    held = now + timedelta(seconds=HELD_SECONDS)
    Action.objects.filter(pk__in=[action.pk for action in taken]).update(next_attempt_at=held)
    return taken


@transaction.atomic
def conclude(looked_at: Action, seen: Seen) -> None:
    action = locked(looked_at.pk)
    if action.state != State.SENT or action.claim_number != looked_at.claim_number:
        return
    if isinstance(seen, NotFound):
        if action.kind == Kind.KILL:
            apply(action, Result("done", "killed"))
        elif action.rejection == PAUSE_REJECTED:
            fail(action, f"The backend rejected the pause, and the sandbox is gone: {action.error}", "killed")
        else:
            fail(action, "The sandbox is gone", "gone")
    elif isinstance(seen, E2BError):
        now = datetime.now(UTC)
        since = (now - (action.sent_at or now)).total_seconds()
        action.error = f"Not known yet whether it happened, E2B does not answer: {seen}"
        action.next_attempt_at = now + timedelta(seconds=min(120.0, max(5.0, since / 2)))
    elif action.rejection == PAUSE_REJECTED and seen.state != "paused":
        fail(action, f"The backend rejected the pause; the sandbox still runs: {action.error}", "rejected")
    elif (action.kind, seen.state) in ((Kind.PAUSE, "paused"), (Kind.RESUME, "running")):
        # Refused as paused already: somebody else's pause, which is no quarantine of ours.
        already = action.kind == Kind.PAUSE and action.rejection == CONFLICT
        apply(action, Result("done", ALREADY_PAUSED if already else f"{action.kind}d"))
    else:
        apply(action, Result("again", error=action.error or "E2B gave no answer, and nothing had happened"))
    store([action])
