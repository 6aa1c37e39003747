"""What tests of the reaper share: an enforcing policy, a round of it, and grace that is over."""

from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async

from sandboxes.actions.sending import send_due
from sandboxes.cleanup import policy_book, reaper
from sandboxes.models import Action
from sandboxes.policies import parse


async def policy(**given):
    """An enforcing kill of everything of any age, without grace, unless told otherwise."""
    plain = {
        "name": "all", "enabled": True, "mode": "enforce", "action": "kill", "grace_seconds": 0,
        "orphan_when": {"older_than_seconds": 0},
    }  # fmt: skip
    return await sync_to_async(policy_book.write)(parse(plain | given))


async def only(**lookup):
    return await Action.objects.select_related("sandbox__lock").aget(**lookup)


async def states():
    return [action.state async for action in Action.objects.order_by("pk")]


async def grace_is_over():
    past = datetime.now(UTC) - timedelta(seconds=1)
    await Action.objects.filter(state="grace").aupdate(act_at=past)


async def act():
    await reaper.run_all()
    await send_due()


def spec_with(**given):
    plain = {
        "name": "all", "enabled": True, "mode": "enforce", "action": "kill",
        "orphan_when": {"older_than_seconds": 0},
    }  # fmt: skip
    return plain | given
