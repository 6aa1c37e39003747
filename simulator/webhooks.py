"""The webhooks a team has registered, and how a delivery to one is spelled and signed."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from random import Random
from urllib.parse import urlsplit

import msgspec

from simulator import events, ids, rfc3339
from simulator.errors import BadRequest, NotFound
from simulator.events import Event


@dataclass(slots=True)
class Webhook:
    """One registration; its secret is never read back."""

    id: str
    name: str
    url: str
    secret: str
    created: float
    events: list[str]
    enabled: bool = True

    def wants(self, event: Event) -> bool:
        return self.enabled and event.type in self.events


class Webhooks:
    """The registrations by ID."""

    def __init__(self, seed: int, team_id: str) -> None:
        self.team_id = team_id
        self._chance = Random(f"{seed}:webhooks")
        self._held: dict[str, Webhook] = {}

    def register(
        self, name: str, url: str, secret: str, at: float, types: list[str] | None = None, *, enabled: bool = True
    ) -> Webhook:
        """Add a webhook for these full event types (None: for all). BadRequest when the URL or a type is none."""
        wanted = all_types() if types is None else types
        check(url, wanted)
        webhook = Webhook(ids.uuid4(self._chance), name, url, secret, at, wanted, enabled)
        self._held[webhook.id] = webhook
        return webhook

    def get(self, webhook_id: str) -> Webhook:
        """The webhook of that ID, else NotFound."""
        if webhook_id not in self._held:
            raise NotFound(f"webhook '{webhook_id}' not found")
        return self._held[webhook_id]

    def all(self) -> list[Webhook]:
        return list(self._held.values())

    def remove(self, webhook_id: str) -> None:
        self.get(webhook_id)
        del self._held[webhook_id]


def all_types() -> list[str]:
    """Every event type there is."""
    return [events.PREFIX + kind for kind in events.LABELS]


def check(url: str, types: list[str]) -> None:
    """BadRequest unless the URL can be posted to and every type is one of ours."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadRequest(f"url is none: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadRequest("url must be an http or https URL")
    unknown = [name for name in types if name not in all_types()]
    if unknown or not types:
        raise BadRequest(f"unknown event types: {', '.join(unknown)}" if unknown else "events must not be empty")


def body(event: Event, team_id: str) -> bytes:
    """The delivery's body. Its keys are snake_case, unlike those of the REST answer, and no data means no key."""
    content: dict[str, object] = {
        "id": event.id,
        "version": "v2",
        "type": event.type,
        "timestamp": rfc3339.text(event.at),
        "event_category": "lifecycle",
        "event_label": events.LABELS[event.kind],
        "sandbox_id": event.sandbox_id,
        "sandbox_execution_id": event.execution_id,
        "sandbox_template_id": event.template_id,
        "sandbox_build_id": event.build_id,
        "sandbox_team_id": team_id,
        "events_ttl_days": events.KEPT_DAYS,
    }
    if event.data:
        content["event_data"] = event.data
    return msgspec.json.encode(content)


def signature(secret: str, raw: bytes, spelling: int) -> str:
    """base64(sha256(secret + body)) in one of the spellings seen in the wild, by `spelling` modulo 4: URL-safe or
    standard alphabet, without or with padding."""
    digest = hashlib.sha256(secret.encode() + raw).digest()
    written = (urlsafe_b64encode if spelling % 4 < 2 else b64encode)(digest).decode()
    return written if spelling % 2 else written.rstrip("=")
