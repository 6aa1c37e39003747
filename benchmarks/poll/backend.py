"""The simulator in its own process; and its fleet in our record, as our own sync takes it in."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.stack.child import child
from benchmarks.stack.standing import ACCOUNT

STOP_SECONDS = 10


@contextmanager
def simulator(sandboxes: int) -> Iterator[str]:
    """Its address. Nothing is born and nothing dies: each tick asks for the same fleet."""
    still = ("--births-per-minute", "0", "--past-hours", "0", "--rate-limit", "1000000")
    command = [sys.executable, "-m", "simulator", "--sandboxes", str(sandboxes), *still]
    with child(command, stop_seconds=STOP_SECONDS, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()  # simulator ready on URL with N sandboxes
        if len(words) < 4:
            raise RuntimeError("the simulator did not start")
        yield words[3]


def take_in(url: str) -> list[str]:
    """Has our sync read the backend's list; the IDs of what runs."""
    from events import observe
    from sandboxes.models import Account, Sandbox

    account = Account.objects.get(pk=ACCOUNT)
    account.url, account.api_key = url, account.api_key  # the same key, on purpose
    account.save()
    asyncio.run(observe.sync(account))
    return list(Sandbox.objects.filter(state="running").order_by("id").values_list("sandbox_id", flat=True))
