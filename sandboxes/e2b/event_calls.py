"""The calls about what happened and who is told: lifecycle events, webhooks and their deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandboxes.base import masking
from sandboxes.e2b import wire
from sandboxes.e2b.calls import Call, call, rfc3339
from sandboxes.e2b.connection import Connection
from sandboxes.e2b.decoding import Decoder

PAGE = 100  # events or deliveries of a page, at most

_EVENT = Decoder(wire.Event)
_WHOLE = Decoder(dict[str, Any])
_WEBHOOK = Decoder(wire.Webhook)
_DELIVERIES = Decoder(wire.DeliveryPage)
_STATS = Decoder(wire.DeliveryStats)


class EventCalls(Connection):
    """`/events/…` of the API; a backend may have none of it (NotFound)."""

    async def events(
        self,
        *,
        offset: int = 0,
        limit: int = PAGE,
        order_asc: bool = False,
        types: Sequence[str] = (),
        sandbox_id: str | None = None,
    ) -> list[wire.Event]:
        """`GET /events/sandboxes`, of one sandbox when its ID is given. Pages move while events arrive: overlap."""
        query = [("offset", offset), ("limit", limit), ("orderAsc", str(order_asc).lower())]
        query += [("types", one) for one in types]
        return self.many(_EVENT, await self.sender.send(_events(sandbox_id, query)))

    async def whole_events(
        self, *, offset: int, limit: int = PAGE, sandbox_id: str | None = None
    ) -> list[dict[str, Any]]:
        """The same, newest first, each event with every key that the backend sent: the record drops nothing."""
        query = [("offset", offset), ("limit", limit), ("orderAsc", "false")]
        return self.many(_WHOLE, await self.sender.send(_events(sandbox_id, query)))

    async def webhooks(self) -> list[wire.Webhook]:
        return self.many(_WEBHOOK, await self.sender.send(call("GET", "/events/webhooks")))

    async def get_webhook(self, webhook_id: str) -> wire.Webhook:
        return _WEBHOOK.one((await self.sender.send(call("GET", "/events/webhooks/{}", webhook_id))).body)

    async def create_webhook(
        self, *, name: str, url: str, events: Sequence[str], secret: str, enabled: bool = True
    ) -> wire.Webhook:
        """Registers a receiver for the event types; `secret` signs its deliveries and can't be read back."""
        masking.register(secret)
        body = {"name": name, "url": url, "enabled": enabled, "events": list(events), "signatureSecret": secret}
        return _WEBHOOK.one((await self.sender.send(call("POST", "/events/webhooks", body=body))).body)

    async def update_webhook(
        self,
        webhook_id: str,
        *,
        name: str | None = None,
        url: str | None = None,
        events: Sequence[str] | None = None,
        secret: str | None = None,
        enabled: bool | None = None,
    ) -> wire.Webhook:
        """Changes what is given and leaves the rest."""
        masking.register(secret or "")
        given = {"name": name, "url": url, "enabled": enabled, "events": events, "signatureSecret": secret}
        body = {key: value for key, value in given.items() if value is not None}
        return _WEBHOOK.one((await self.sender.send(call("PATCH", "/events/webhooks/{}", webhook_id, body=body))).body)

    async def delete_webhook(self, webhook_id: str) -> None:
        """Raises NotFound when there is none."""
        await self.sender.send(call("DELETE", "/events/webhooks/{}", webhook_id))

    async def deliveries(
        self,
        webhook_id: str,
        *,
        cursor: str | None = None,
        limit: int = PAGE,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> wire.DeliveryPage:
        """E2B's own record of what it sent us, kept 7 days; all attempts, since one success is enough."""
        query = [("cursor", cursor), ("limit", limit), ("start", rfc3339(start)), ("end", rfc3339(end))]
        wanted = call("GET", "/events/webhooks/{}/deliveries", webhook_id, query=query)
        return _DELIVERIES.one((await self.sender.send(wanted)).body)

    async def delivery_stats(
        self, webhook_id: str, *, start: datetime | None = None, end: datetime | None = None
    ) -> wire.DeliveryStats:
        """Totals and buckets of attempts, of the last 24 h by default."""
        query = [("start", rfc3339(start)), ("end", rfc3339(end))]
        return _STATS.one(
            (await self.sender.send(call("GET", "/events/webhooks/{}/stats", webhook_id, query=query))).body
        )


def _events(sandbox_id: str | None, query: Sequence[tuple[str, object]]) -> Call:
    """The call for the team's events, or for those of one sandbox."""
    if sandbox_id is None:
        return call("GET", "/events/sandboxes", query=query)
    return call("GET", "/events/sandboxes/{}", sandbox_id, query=query)
