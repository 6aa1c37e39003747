"""Releases the living namesakes of what was killed: sandboxes of that ID that another account's backend still shows.

Accounts of one project reach the same sandbox, those of two backends may have two of one ID. Only a GET that was sent
after the kill was confirmed tells which: our record may still be waiting for the news of the same death.
"""

from datetime import UTC, datetime
from typing import Final

from asgiref.sync import sync_to_async
from django.db.models import F, QuerySet

from sandboxes.actions.verify import look_at_sandboxes
from sandboxes.core import cooldowns, rounds
from sandboxes.e2b import SandboxInfo
from sandboxes.e2b.wire import PAUSED, RUNNING
from sandboxes.models import Account, Action, Sandbox, SandboxLock

AGAIN_SECONDS: Final = 15.0  # until an account that did not show all of them is asked again
MOST_AT_ONCE: Final = 100
DEADLINE_SECONDS: Final = 60.0
CONFIRMED_KILL: Final = {"pending_action__kind": Action.Kind.KILL, "pending_action__state": Action.State.CONFIRMED}


async def release() -> None:
    """Verifies them at each account that has some; an account's failure is written to its own health."""
    await rounds.side_by_side(
        "namesakes", await sync_to_async(_with_some)(), _release, deadline_seconds=DEADLINE_SECONDS
    )


async def _release(account: Account) -> None:
    cooldown = f"namesakes:{account.pk}"
    if await cooldowns.is_on(cooldown):
        return
    await cooldowns.start(cooldown, AGAIN_SECONDS)
    asked_at = datetime.now(UTC)
    seen = await look_at_sandboxes(account, await sync_to_async(_ids_of)(account))
    alive = [name for name, info in seen.items() if isinstance(info, SandboxInfo) and info.state in (RUNNING, PAUSED)]
    killed_before = SandboxLock.objects.filter(**CONFIRMED_KILL, pending_action__confirmed_at__lt=asked_at)
    await killed_before.filter(sandbox_id__in=alive).aupdate(pending_action=None)


def _with_some() -> list[Account]:
    return list(Account.objects.filter(enabled=True, pk__in=_namesakes().values("account_id")).order_by("pk"))


def _ids_of(account: Account) -> list[str]:
    return list(_namesakes().filter(account=account).values_list("sandbox_id", flat=True)[:MOST_AT_ONCE])


def _namesakes() -> QuerySet[Sandbox]:
    """Those alive on record whose ID a confirmed kill of another account condemns."""
    condemned = {f"lock__{name}": value for name, value in CONFIRMED_KILL.items()}
    others = Sandbox.objects.filter(**condemned).exclude(account=F("lock__pending_action__account"))
    return others.exclude(state=Sandbox.State.ENDED)
