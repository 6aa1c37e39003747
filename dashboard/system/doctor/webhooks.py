"""Each account's webhook: registered, reachable, delivering."""

from collections.abc import Iterator
from typing import Final

import httpx
from django.conf import settings
from django.utils import timezone

from dashboard.system.doctor.finding import Finding
from events.missed import missed_by_webhook
from events.webhooks import address
from events.webhooks.view import view_of
from sandboxes.core.accounts import enabled_accounts, health_of
from sandboxes.models import Account

REGISTER: Final = "Settings → Webhook registers it with one click."
ANSWER_SECONDS: Final = 10.0


def webhooks() -> Iterator[Finding]:
    """Without a webhook everything works, some seconds later: what is missing is a warning."""
    accounts = enabled_accounts()
    missed = missed_by_webhook([account.pk for account in accounts], timezone.now())
    for account in accounts:
        yield _webhook(account, missed.get(account.pk, 0))
    yield _reachable()


def _webhook(account: Account, missed: int) -> Finding:
    health, name = health_of(account), f"webhook of {account.name}"
    view = view_of(health)
    if not account.webhook_id and health.webhook_last_at is None:
        return Finding(name, "warning", "none is registered: events are read every 30 s instead", REGISTER)
    if view.missing or view.enabled is False:
        return Finding(name, "failed", "the backend no longer delivers to it", REGISTER)
    if missed:
        cure = "Look at Settings → Webhook: it lists the failed deliveries with what we answered."
        return Finding(name, "warning", f"{missed:,} events of the last 24 h were not delivered, and fetched", cure)
    if health.webhook_last_at is None:
        return Finding(name, "warning", "registered; nothing has been delivered yet", "")
    ago = timezone.now() - health.webhook_last_at
    return Finding(name, "ok", f"the last delivery came {ago.total_seconds():,.0f} s ago; none of 24 h was missed")


def _reachable() -> Finding:
    """Our public address, as far as this machine can tell: a backend elsewhere may see it otherwise."""
    url, name = settings.PUBLIC_URL, "public address"
    try:
        answer = httpx.get(f"{url}/healthz", timeout=ANSWER_SECONDS, follow_redirects=False, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        cure = "Check PUBLIC_URL, the proxy in front, and whether Sandwarden runs."
        return Finding(name, "failed", f"{url} does not answer: {error or type(error).__name__}", cure)
    if answer.status_code != 200:
        return Finding(
            name, "failed", f"{url}/healthz answers {answer.status_code}", "Check the proxy’s configuration."
        )
    host = httpx.URL(url).host
    if address.is_private(host):
        cure = "Set PUBLIC_URL to the address at which backends and people reach this server."
        return Finding(name, "warning", f"{url} answers, but only this machine or network can reach {host}", cure)
    return Finding(name, "ok", f"{url} answers")
