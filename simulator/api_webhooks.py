"""Webhooks: register, read, change and remove them, and what became of their deliveries."""

from typing import Annotated

import msgspec
from msgspec import Meta

from simulator import deliveries, rfc3339, webhooks, wire
from simulator.router import Route
from simulator.webhooks import Webhook
from simulator.wire import Request, Response
from simulator.world import Simulator

Filled = Annotated[str, Meta(min_length=1)]
_DAY_SECONDS = 86_400.0


class NewWebhook(msgspec.Struct, frozen=True, rename="camel"):
    name: Filled
    url: Filled
    events: list[str]
    signature_secret: Filled
    enabled: bool = True


class WebhookChange(msgspec.Struct, frozen=True, rename="camel"):
    """Only what is given changes."""

    enabled: bool | None = None
    name: Filled | None = None
    url: Filled | None = None
    events: list[str] | None = None
    signature_secret: Filled | None = None


class WebhookDetail(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    team_id: str
    name: str
    created_at: str
    enabled: bool
    url: str
    events: list[str]


def create(simulator: Simulator, request: Request) -> Response:
    """`POST /events/webhooks`."""
    asked = request.json(NewWebhook)
    made = simulator.webhooks.register(
        asked.name, asked.url, asked.signature_secret, simulator.now(), asked.events, enabled=asked.enabled
    )
    return wire.json(_detail(simulator, made), 201)


def every(simulator: Simulator, _request: Request) -> Response:
    """`GET /events/webhooks`."""
    return wire.json([_detail(simulator, webhook) for webhook in simulator.webhooks.all()])


def read(simulator: Simulator, request: Request) -> Response:
    """`GET /events/webhooks/{id}`."""
    return wire.json(_detail(simulator, _webhook(simulator, request)))


def change(simulator: Simulator, request: Request) -> Response:
    """`PATCH /events/webhooks/{id}`."""
    webhook, asked = _webhook(simulator, request), request.json(WebhookChange)
    url = webhook.url if asked.url is None else asked.url
    types = webhook.events if asked.events is None else asked.events
    webhooks.check(url, types)
    webhook.url, webhook.events = url, types
    webhook.name = webhook.name if asked.name is None else asked.name
    webhook.enabled = webhook.enabled if asked.enabled is None else asked.enabled
    webhook.secret = webhook.secret if asked.signature_secret is None else asked.signature_secret
    return wire.json(_detail(simulator, webhook))


def remove(simulator: Simulator, request: Request) -> Response:
    """`DELETE /events/webhooks/{id}`: 200 with an empty body."""
    simulator.webhooks.remove(_webhook(simulator, request).id)
    return Response(200)


def delivered(simulator: Simulator, request: Request) -> Response:
    """`GET /events/webhooks/{id}/deliveries`: by event, newest first unless told otherwise."""
    webhook, now = _webhook(simulator, request), simulator.now()
    start, end = request.moment("start"), request.moment("end")
    attempts = simulator.outbox.record.of(webhook.id, start or 0.0, now + 1.0 if end is None else end)
    ordered = deliveries.groups(
        attempts,
        request.several("deliveryStatus"),
        request.several("eventType"),
        oldest_first=request.flag("orderAsc"),
    )
    return wire.json(deliveries.page(ordered, request.text("cursor"), request.whole("limit", 25, 1, 100)))


def stats(simulator: Simulator, request: Request) -> Response:
    """`GET /events/webhooks/{id}/stats`: of the last 24 h unless told otherwise."""
    webhook, now = _webhook(simulator, request), simulator.now()
    start, end = request.moment("start"), request.moment("end")
    begin, finish = now - _DAY_SECONDS if start is None else start, now + 1.0 if end is None else end
    return wire.json(deliveries.stats(simulator.outbox.record.of(webhook.id, begin, finish)))


def _webhook(simulator: Simulator, request: Request) -> Webhook:
    return simulator.webhooks.get(request.params["webhookID"])


def _detail(simulator: Simulator, webhook: Webhook) -> WebhookDetail:
    return WebhookDetail(
        webhook.id,
        simulator.team_id,
        webhook.name,
        rfc3339.text(webhook.created),
        webhook.enabled,
        webhook.url,
        webhook.events,
    )


_ONE = "/events/webhooks/{webhookID}"
ROUTES = (
    Route("POST", "/events/webhooks", create, limited=False),
    Route("GET", "/events/webhooks", every, limited=False),
    Route("GET", _ONE, read, limited=False),
    Route("PATCH", _ONE, change, limited=False),
    Route("DELETE", _ONE, remove, limited=False),
    Route("GET", f"{_ONE}/deliveries", delivered, limited=False),
    Route("GET", f"{_ONE}/stats", stats, limited=False),
)
