"""Registers our webhook at the backend, changes it, rotates its secret and takes it away: nothing is lost half-made.

What we want (address, events, secret) is on record before the backend is asked. When its answer is lost, the webhook is
found again by its address, by the next try or by the task that tends it (`events.webhooks.upkeep`).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import redis
from asgiref.sync import sync_to_async

from events.missed import SUBSCRIBED
from events.webhooks import address
from events.webhooks.view import BackendView, on_record, view_of
from sandboxes.core import accounts
from sandboxes.core.locks import lock
from sandboxes.e2b import BadAnswer, E2BClient, E2BError, NotFound, Webhook
from sandboxes.models import Account, AccountHealth
from sandboxes.models.fields import opened

OVERLAP: Final = timedelta(hours=24)  # for so long both secrets are accepted after a rotation
SETTLE: Final = timedelta(seconds=10)  # twice as long as receivers hold an endpoint in memory (events.endpoints)
LOCK_SECONDS: Final = 120
_TRIES, BETWEEN_SECONDS = 40, 0.25


class NotDone(Exception):
    """Nothing was changed at the backend, or it can't be known; the message says what a person can do."""


@asynccontextmanager
async def alone_with(account_id: int) -> AsyncIterator[Account]:
    """The account as it is on record, while nobody else touches its webhook.

    Raises NotDone when somebody else does for over ten seconds, or when Redis is away.
    """
    for _ in range(_TRIES):
        try:
            async with lock(f"webhook:{account_id}", LOCK_SECONDS) as ours:
                if ours:
                    yield await Account.objects.aget(pk=account_id)
                    return
        except redis.RedisError:
            raise NotDone("Redis is away, and this needs it: look what is on record, then try again") from None
        await asyncio.sleep(BETWEEN_SECONDS)
    raise NotDone("This webhook is being changed just now: try again in a moment")


async def register(account_id: int, url: str, events: Sequence[str]) -> None:
    """Makes the webhook, or adopts the one that is there by this address. Raises NotDone and E2BError.

    The secret on record is used; a random one is made where there is none, or none that can be opened.
    """
    async with alone_with(account_id) as account:
        account.webhook_url, account.webhook_events = url, sorted(events)
        if not opened(account, "webhook_secret"):
            _replace_secret(account, new_secret())
        await account.asave(update_fields=["webhook_url", "webhook_events", *SECRETS])
        async with accounts.client_for(account) as client:
            hook = await _found_or_made(client, account)
        await keep(account, hook)


async def change(account_id: int, url: str, events: Sequence[str]) -> None:
    """Other events, or another address, for the webhook that is there. Raises NotDone and E2BError."""
    async with alone_with(account_id) as account:
        _must_be_registered(account)
        async with accounts.client_for(account) as client:
            await client.update_webhook(account.webhook_id, url=url, events=sorted(events))
        more = set(events) - set(account.webhook_events)
        account.webhook_url, account.webhook_events = url, sorted(events)
        await account.asave(update_fields=["webhook_url", "webhook_events"])
        if more:  # what happened before could not come: it was not missed
            expected = AccountHealth.objects.filter(account=account, webhook_since__isnull=False)
            await expected.aupdate(webhook_since=datetime.now(UTC))


async def enable(account_id: int, *, on: bool) -> None:
    """Deliveries begin, or stop; events that happen meanwhile come by reconcile. Raises NotDone and E2BError."""
    async with alone_with(account_id) as account:
        _must_be_registered(account)
        async with accounts.client_for(account) as client:
            await client.update_webhook(account.webhook_id, enabled=on)
        await expect(account, on=on)


async def rotate(account_id: int) -> None:
    """Puts a new secret on record beside the old one; `send_secret` gives it to the backend once receivers know it.

    Raises NotDone while the last new one is not sent yet, and for one that the environment sets.
    """
    async with alone_with(account_id) as account:
        _must_be_registered(account)
        if account.webhook_secret_in_environment:
            raise NotDone("E2B_WEBHOOK_SECRET sets this secret: change it there and start again")
        if is_pending(account):
            raise NotDone("The last new secret is still on its way to the backend")
        _replace_secret(account, new_secret())
        await account.asave(update_fields=SECRETS)


async def send_secret(account: Account, client: E2BClient) -> None:
    """Gives the backend the secret on record when it has another, no sooner than every receiver knows both.

    The old one is valid for 24 h from then on. Raises E2BError; the next round tries again.
    """
    now = datetime.now(UTC)
    sent = opened(account, "sent_webhook_secret") or ""
    if opened(account, "previous_webhook_secret") != sent:  # changed by the environment, or by hand
        account.previous_webhook_secret, account.webhook_secret_at = sent, now
    account.previous_secret_until = now + OVERLAP
    await account.asave(update_fields=SECRETS)
    if account.webhook_secret_at and now - account.webhook_secret_at < SETTLE:
        return
    await client.update_webhook(account.webhook_id, secret=account.webhook_secret)
    account.sent_webhook_secret = account.webhook_secret
    await account.asave(update_fields=["sent_webhook_secret"])


async def set_by_hand(account_id: int, url: str, secret: str) -> None:
    """Writes down address and secret of a webhook that a person registers; the former secret holds for 24 h.

    An empty secret keeps the one on record. Raises NotDone for a secret that the environment sets.
    """
    async with alone_with(account_id) as account:
        account.webhook_url = url
        if secret and secret != opened(account, "webhook_secret"):
            if account.webhook_secret_in_environment:
                raise NotDone("E2B_WEBHOOK_SECRET sets this secret: change it there and start again")
            _replace_secret(account, secret)
        await account.asave(update_fields=["webhook_url", *SECRETS])


async def delete(account_id: int) -> None:
    """Takes the webhook away; its secret is forgotten, but for one that the environment sets.

    Raises NotDone and E2BError: then it is still there.
    """
    async with alone_with(account_id) as account:
        if account.webhook_id:
            async with accounts.client_for(account) as client:
                try:
                    await client.delete_webhook(account.webhook_id)
                except NotFound:
                    account.webhook_id = ""  # gone already: as good as deleted
        account.webhook_id = account.webhook_url = account.sent_webhook_secret = ""
        account.previous_webhook_secret, account.previous_secret_until = "", None
        if not account.webhook_secret_in_environment:
            account.webhook_secret, account.webhook_secret_at = "", None
        await account.asave(update_fields=["webhook_id", "webhook_url", *SECRETS])
        await expect(account, on=False, anew=True)


async def find(client: E2BClient, account: Account) -> Webhook | None:
    """Our webhook at the backend: by its ID, else by its address. Raises E2BError."""
    there = await client.webhooks()
    known = [hook for hook in there if hook.id == account.webhook_id]
    return next(iter(known or [hook for hook in there if address.same(hook.url, account.webhook_url)]), None)


async def keep(account: Account, hook: Webhook) -> None:
    """Writes down that `hook` is ours and has our secret; deliveries are expected from now on."""
    account.webhook_id, account.sent_webhook_secret = hook.id, account.webhook_secret
    await account.asave(update_fields=["webhook_id", "sent_webhook_secret"])
    await expect(account, on=True, anew=True)


async def expect(account: Account, *, on: bool, anew: bool = False) -> None:
    """From now on deliveries are expected, and counted as missed when they don't come; or no more.

    `anew` forgets what the backend told of another webhook.
    """
    now = datetime.now(UTC)
    health = await sync_to_async(accounts.health_of)(account)
    health.webhook_since = now if on else None
    told = BackendView() if anew else view_of(health)
    health.webhook = on_record(msgspec.structs.replace(told, enabled=on, quiet_at=None if on else now))
    await health.asave(update_fields=["webhook_since", "webhook"])


def is_pending(account: Account) -> bool:
    """Whether the backend has another secret than the one on record; one that can't be opened is sent to nobody."""
    secret = opened(account, "webhook_secret")
    return bool(account.webhook_id) and secret is not None and opened(account, "sent_webhook_secret") != secret


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def default_events() -> list[str]:
    """All types that E2B documents."""
    return sorted(SUBSCRIBED)


SECRETS: Final = [
    "webhook_secret", "webhook_secret_at", "previous_webhook_secret", "previous_secret_until", "sent_webhook_secret",
]  # fmt: skip


def _replace_secret(account: Account, secret: str) -> None:
    """The former one holds for 24 h more; of those that no key opens nothing is kept. The caller saves SECRETS."""
    now = datetime.now(UTC)
    former = opened(account, "webhook_secret") or ""
    account.previous_webhook_secret, account.previous_secret_until = former, now + OVERLAP
    account.webhook_secret, account.webhook_secret_at = secret, now
    if opened(account, "sent_webhook_secret") is None:
        account.sent_webhook_secret = ""


def _must_be_registered(account: Account) -> None:
    if not account.webhook_id:
        raise NotDone("No webhook is registered")


async def _found_or_made(client: E2BClient, account: Account) -> Webhook:
    found = await find(client, account)
    if found is not None:
        return await adopt(client, account, found)
    try:
        return await client.create_webhook(
            name=f"sandwarden {account.name}",
            url=account.webhook_url,
            events=account.webhook_events,
            secret=account.webhook_secret,
        )
    except E2BError as error:
        if not (error.maybe_sent or isinstance(error, BadAnswer)):
            raise
        made = await find(client, account)
        if made is None:
            raise
        return await adopt(client, account, made)


async def adopt(client: E2BClient, account: Account, found: Webhook) -> Webhook:
    """Makes the webhook `found` by our address what we want it to be. Raises E2BError."""
    return await client.update_webhook(
        found.id,
        url=account.webhook_url,
        events=account.webhook_events,
        secret=account.webhook_secret,
        enabled=True,
    )
