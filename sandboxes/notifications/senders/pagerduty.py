"""PagerDuty, Events API v2: an alert triggers, acknowledges and resolves one incident, named by the alert's ID."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from sandboxes.notifications.outcomes import Outcome
from sandboxes.notifications.outgoing import Outgoing, Target
from sandboxes.notifications.senders import http

SERVER: Final = "https://events.pagerduty.com"  # where a channel names no other, as those of the EU do
PATH: Final = "/v2/enqueue"
MOST_SUMMARY: Final = 1_024
_ACTIONS: Final[Mapping[str, str]] = {"alert.acknowledged": "acknowledge", "alert.resolved": "resolve"}


async def send(target: Target, out: Outgoing) -> Outcome:
    """202 is taken; 400 is wrong for good, 429 and 5xx pass."""
    address = (target.url or SERVER).rstrip("/") + PATH
    return await http.post(address, msgspec.json.encode(event(target.secret, out)), {}, private=target.allow_private)


def event(key: str, out: Outgoing) -> dict[str, Any]:
    """The event under integration key `key`; told again it is the same one, by its `dedup_key`."""
    made: dict[str, Any] = {
        "routing_key": key,
        "event_action": _ACTIONS.get(out.type, "trigger"),
        "dedup_key": out.subject,
    }
    if made["event_action"] == "trigger":
        made["payload"] = {
            "summary": out.message.title[:MOST_SUMMARY],
            "source": "sandwarden",
            "severity": out.severity,
            "timestamp": out.created_at,
            "custom_details": dict(out.data),
        }
        made["links"] = [{"href": out.message.link, "text": "Open in Sandwarden"}] if out.message.link else []
    return made
