"""Looks after each registered webhook once a minute: finishes what was left half-made, and reads the backend's view."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec
from asgiref.sync import sync_to_async
from django.conf import settings

from events.webhooks import address, registration, undelivered
from events.webhooks.view import BackendView, on_record, view_of
from sandboxes.core import accounts, rounds
from sandboxes.e2b import E2BClient, E2BError, NotFound, Unsupported, Webhook
from sandboxes.models import Account, AccountHealth
from sandboxes.models.fields import is_set

LATE_TRIES: Final = timedelta(seconds=60)  # E2B's last try comes 30 s after the first
log = logging.getLogger(__name__)


async def tend_all() -> None:
    """Every enabled account whose backend has webhooks and that has, or wants, one of ours; side by side."""
    await rounds.for_each_account("webhook", _tend_if_it_has_one, deadline_seconds=registration.LOCK_SECONDS)


async def _tend_if_it_has_one(account: Account) -> None:
    """Under its lock the account is read anew: somebody may have just registered or deleted the webhook."""
    account = await Account.objects.aget(pk=account.pk)
    if account.capabilities.get("webhooks") is not False and _has_one(account):
        await tend(account)


async def tend(account: Account) -> None:
    """One look at the account's webhook from the backend's end; a failure is written down with the former figures."""
    health = await sync_to_async(accounts.health_of)(account)
    before = view_of(health)
    try:
        async with accounts.client_for(account) as client:
            view = await _look(account, client, before)
    except (NotFound, Unsupported):
        view = _changed(before, error="This backend has no webhooks API")
    except E2BError as error:
        view = _changed(before, error=str(error))
        log.warning("account %s: its webhook could not be looked after: %s", account.name, error)
    health.webhook = on_record(view)
    await health.asave(update_fields=["webhook"])
    await _forget_late_tries(account, view)


async def _look(account: Account, client: E2BClient, before: BackendView) -> BackendView:
    hook = await _ours(account, client)
    if hook is None:
        return await _none_there(account, before)
    if registration.is_pending(account):
        await registration.send_secret(account, client)
    account.webhook_url, account.webhook_events = hook.url, sorted(hook.events)
    await account.asave(update_fields=["webhook_url", "webhook_events"])
    now = datetime.now(UTC)
    stats = await client.delivery_stats(hook.id)
    found = await undelivered.look(account, client, hook.id, before.read_to, now)
    return _changed(
        before,
        read_at=now,
        error="",
        missing=False,
        enabled=hook.enabled,
        quiet_at=None if hook.enabled else before.quiet_at or now,  # somebody may have stopped it at the other end
        total=stats.total,
        failed=stats.failed,
        average_ms=stats.duration_ms.average,
        maximum_ms=stats.duration_ms.maximum,
        failures=found.with_former(before.failures),
        read_to=now,
        fetched=before.fetched + found.fetched,
        fetched_at=now if found.fetched else before.fetched_at,
    )


async def _ours(account: Account, client: E2BClient) -> Webhook | None:
    """By ID, by the address that was to be registered (a half-made one is completed), or one somebody made for us."""
    there = await client.webhooks()
    known = next((hook for hook in there if hook.id == account.webhook_id), None)
    if known or account.webhook_id:
        return known
    half_made = [hook for hook in there if account.webhook_url and address.same(hook.url, account.webhook_url)]
    if half_made:
        made = await registration.adopt(client, account, half_made[0])
        await registration.keep(account, made)
        return made
    first = await sync_to_async(accounts.first_account)()
    paths = {address.path_of(account.name), *([address.PATH] if first == account else [])}
    by_hand = next((hook for hook in there if _leads_here(hook.url, paths, account)), None)
    if by_hand:
        account.webhook_id, account.webhook_url = by_hand.id, by_hand.url
        account.sent_webhook_secret = account.webhook_secret  # as the docs ask; a rotation puts it right if not
        await account.asave(update_fields=["webhook_id", "webhook_url", "sent_webhook_secret"])
    return by_hand


async def _none_there(account: Account, before: BackendView) -> BackendView:
    """None of ours: one that was registered has been taken away at the other end."""
    if not account.webhook_id:
        return _changed(before, read_at=datetime.now(UTC), error="")
    account.webhook_id = account.sent_webhook_secret = ""
    await account.asave(update_fields=["webhook_id", "sent_webhook_secret"])
    await registration.expect(account, on=False)
    now = datetime.now(UTC)
    return BackendView(read_at=now, missing=True, quiet_at=now)


def _leads_here(url: str, paths: set[str], account: Account) -> bool:
    """Whether a webhook that we did not register leads to one of this account's `paths`; a simulator is ours alone."""
    there, here = urlsplit(url), urlsplit(settings.PUBLIC_URL)
    ours = account.simulated or there.netloc.lower() == here.netloc.lower()
    return ours and f"{there.path.rstrip('/')}/" in paths


async def _forget_late_tries(account: Account, view: BackendView) -> None:
    """A try that came just after the webhook was disabled or deleted is no sign that more will come."""
    if view.quiet_at:
        late = AccountHealth.objects.filter(account=account, webhook_since__lt=view.quiet_at + LATE_TRIES)
        await late.aupdate(webhook_since=None)


def _has_one(account: Account) -> bool:
    return bool(account.webhook_id or account.webhook_url or is_set(account, "webhook_secret"))


def _changed(view: BackendView, **changes: object) -> BackendView:
    return msgspec.structs.replace(view, **changes)
