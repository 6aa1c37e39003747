"""Three accounts at three backends, the middle one broken in one of six ways: what tests of isolation share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from sandboxes.e2b import E2BClient
from sandboxes.e2b.sending import Sender
from sandboxes.models import Account, AccountHealth
from sandboxes.models.fields import Sealed
from simulator import DEFAULT_API_KEY, Fault
from simulator.served import Served
from tests.support import records

KINDS = ("key", "url", "unauthorized", "hang", "database", "ours")
SECONDS = 20.0  # only a failing test waits for so long


@dataclass(frozen=True)
class Three:
    """`accounts[1]` is the broken one; the others are served by `backends` of the same index."""

    accounts: tuple[Account, Account, Account]
    backends: tuple[Served, Served, Served]

    @property
    def healthy(self) -> tuple[tuple[Account, Served], ...]:
        return tuple((self.accounts[n], self.backends[n]) for n in (0, 2))

    @property
    def broken(self) -> Account:
        return self.accounts[1]


def three(serve: Callable[[int], Served], **fields: Any) -> Three:
    backends = (serve(1), serve(2), serve(3))  # a backend of its own has sandboxes of its own
    first, broken, last = (
        records.account(f"account{n}", url=backend.url, api_key=DEFAULT_API_KEY, **fields)
        for n, backend in enumerate(backends)
    )
    made = (first, broken, last)
    for account in made:
        AccountHealth.objects.create(account=account)
    return Three(made, backends)


def break_it(three: Three, kind: str, monkeypatch) -> None:
    """Breaks the middle account; each kind is raised where it would be: by the row, the client, or the backend."""
    account, url = three.broken, three.broken.url
    if kind == "key":
        Account.objects.filter(pk=account.pk).update(api_key=Sealed("fernet:lost"))
    elif kind == "url":
        with connection.cursor() as cursor:  # as an operator's psql would: no form takes it
            cursor.execute("UPDATE sandboxes_account SET url = 'ftp://nonsense' WHERE id = %s", [account.pk])
    elif kind == "unauthorized":
        three.backends[1].simulator.faults.add(Fault(401, message="unknown API key"))
    elif kind == "hang":
        _never_answers(url, monkeypatch)
    else:
        _raises(url, DatabaseError("no such table") if kind == "database" else ZeroDivisionError("ours"), monkeypatch)


def _never_answers(url: str, monkeypatch) -> None:
    send = Sender.send

    async def hung(self, *given, **more):
        if self._base_url == url:
            await asyncio.Event().wait()
        return await send(self, *given, **more)

    monkeypatch.setattr(Sender, "send", hung)


def _raises(url: str, error: Exception, monkeypatch) -> None:
    make = E2BClient.__init__

    def made(self, base_url, *given, **more):
        if base_url == url:
            raise error
        make(self, base_url, *given, **more)

    monkeypatch.setattr(E2BClient, "__init__", made)


async def ends_unless(kind: str, working: Awaitable[object], is_served: Callable[[], bool]) -> None:
    """Runs a round until the healthy accounts are served: the whole round, except where the broken one hangs."""
    task = asyncio.ensure_future(working)
    give_up = time.monotonic() + SECONDS
    try:
        while not await sync_to_async(is_served)():
            if task.done():
                task.result()
                break
            assert time.monotonic() < give_up, "the healthy accounts wait for the broken one"
            await asyncio.sleep(0.02)
        if kind != "hang":
            await task
        assert await sync_to_async(is_served)()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
