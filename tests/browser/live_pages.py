"""What a process would have heard over Redis, put in its memory: how fresh the samples are, and of whom."""

import time
from datetime import UTC, datetime

from playwright.sync_api import Page

from dashboard.live import snapshot
from dashboard.live.hub import hub
from dashboard.live.messages import Messages
from sandboxes.models import AccountHealth, Sandbox
from tests.support import records


def polled(*boxes: Sandbox, seconds_ago: float = 0, cpu: float = 12.5) -> datetime:
    """A poll of these so long ago, on record and in the process; nothing has come since. Returns when it was."""
    at = datetime.fromtimestamp(time.time() - seconds_ago, UTC)
    AccountHealth.objects.update_or_create(account=records.account(), defaults={"last_poll_at": at, "last_sync_at": at})
    records.frame({box.pk: records.Reading(cpu=cpu, mem=64) for box in boxes}, at=at)
    hub.messages = Messages(snapshot.read(), at.timestamp())
    return at


def hear(page: Page) -> None:
    """Has the page ask for what is new, as it does when it comes back into view."""
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
