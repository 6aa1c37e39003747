"""The webhook receiver: read, verify, parse, store, answer. An ASGI app outside Django's request path.

Status codes are the contract's (docs/webhooks.md): 202 only after the commit, 401, 400, 413, 405, 404, 503.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from events import refusals, signature
from events.endpoints import WebhookEndpoint, WebhookEndpoints
from events.inbox import Inbox
from events.limits import Unavailable
from events.retention import too_old
from events.wire import NotOneObject, Unreadable, parse_body, read_event
from events.writing import Arrival, Parked
from sandboxes.core import database_away

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY_BYTES = 256 * 1024
BODY_SECONDS = 10.0
PREFIX = "/webhooks/e2b/"
LOCKED = "the webhook secret of this account can't be decrypted here; an admin has to enter it again"
log = logging.getLogger(__name__)


class Refused(Exception):
    """An answer other than 202: its status, a code word and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Receiver:
    """One per web process; `start` and `stop` with it."""

    def __init__(self) -> None:
        self.inbox, self.endpoints, self.refusals = Inbox(), WebhookEndpoints(), refusals.Refusals()

    async def start(self) -> None:
        """Begins to write what arrives."""
        await self.inbox.start()
        self.refusals.start()

    async def stop(self) -> None:
        """Refuses what still waits; writes down the refusals."""
        await self.inbox.stop()
        await self.refusals.stop()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        try:
            await self._take(scope, receive)
        except Refused as refused:
            await answer(send, refused.status, {"code": refused.code, "message": refused.message})
        else:
            await answer(send, 202, {"stored": True})

    async def _take(self, scope: Message, receive: Receive) -> None:
        endpoint = await self._endpoint(scope["path"])
        if scope["method"] != "POST":
            raise Refused(405, "method_not_allowed", "deliveries are POSTed")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = await read_body(receive, headers)
        received_at = datetime.now(UTC)
        try:
            raw = verified(endpoint, headers, body)
        except Refused as refused:
            self.refusals.note(endpoint.account_id, refused.message, received_at, headers, body)
            raise
        try:
            event = read_event(raw, body)
        except Unreadable as why:
            parked = Parked(str(why), str(raw.get("id") or "")[:64], refusals.masked(headers), body)
            await self._store(Arrival(endpoint.account_id, "webhook", received_at, parked=parked))
            return
        if not too_old(event.timestamp, received_at):
            await self._store(Arrival(endpoint.account_id, "webhook", received_at, event=event))

    async def _endpoint(self, path: str) -> WebhookEndpoint:
        name = path.removeprefix(PREFIX).strip("/")
        if not path.startswith(PREFIX) or "/" in name:
            raise Refused(404, "not_found", "no webhook here")
        try:
            endpoint = await self.endpoints.find(name)
        except OSError as error:
            raise Refused(503, "unavailable", database_away.PHRASE) from error
        if endpoint is None:
            raise Refused(404, "not_found", "no webhook here")
        return endpoint

    async def _store(self, arrival: Arrival) -> None:
        try:
            await self.inbox.store(arrival)
        except Unavailable as error:
            raise Refused(503, "unavailable", "not stored, send it again") from error


def verified(endpoint: WebhookEndpoint, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """The one JSON object in a body that one of the account's secrets signed.

    Raises Refused: 401 for the signature, 400 for the body, 503 where the secret that may have signed it can't be
    opened: the sender tries again, and an admin can enter the secret meanwhile.
    """
    secrets = endpoint.secrets(time.time())
    if not signature.verify(headers.get("e2b-signature", ""), body, secrets):
        if endpoint.locked:
            raise Refused(503, "unavailable", LOCKED)
        if not secrets:
            raise Refused(401, "unauthorized", "no webhook secret is set for this account")
        raise Refused(401, "unauthorized", "the signature does not fit the body")
    try:
        return parse_body(body)
    except NotOneObject as error:
        raise Refused(400, "bad_request", str(error)) from None


async def read_body(receive: Receive, headers: dict[str, str]) -> bytes:
    """The request's body.

    Raises Refused: 413 over MAX_BODY_BYTES, 400 when the sender went away, 408 when it holds its body open.
    """
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise Refused(413, "too_large", f"over {MAX_BODY_BYTES} bytes")
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "bad_request", "the body ended early")
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > MAX_BODY_BYTES:
                    raise Refused(413, "too_large", f"over {MAX_BODY_BYTES} bytes")
                if not message.get("more_body"):
                    return b"".join(chunks)
    except TimeoutError:
        raise Refused(408, "timeout", f"the body took over {BODY_SECONDS:g} s") from None


async def answer(send: Send, status: int, body: dict[str, Any]) -> None:
    """One JSON answer."""
    text = msgspec.json.encode(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    if status == 405:
        headers.append((b"allow", b"POST"))
    if status in {408, 413}:
        headers.append((b"connection", b"close"))  # the rest of the body is not waited for
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
