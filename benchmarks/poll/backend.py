"""The simulator in its own process; and its fleet in our record, as our own sync takes it in."""

import asyncio
from contextlib import AbstractContextManager

from benchmarks.stack.simulated import simulator
from benchmarks.stack.standing import ACCOUNT


def still(sandboxes: int) -> AbstractContextManager[str]:
    """The address of a backend in which nothing is born and nothing dies: each tick asks for the same fleet."""
    return simulator(sandboxes, "--births-per-minute", "0", "--past-hours", "0", "--rate-limit", "1000000")


def take_in(url: str) -> list[str]:
    """Has our sync read the backend's list; the IDs of what runs."""
    from events import observe
    from sandboxes.models import Account, Sandbox

    account = Account.objects.get(pk=ACCOUNT)
    account.url, account.api_key = url, account.api_key  # the same key, on purpose
    account.save()
    asyncio.run(observe.sync(account))
    return list(Sandbox.objects.filter(state="running").order_by("id").values_list("sandbox_id", flat=True))
