"""A test delivery: made, signed and sent by us to the registered address, since E2B has no call for it.

It is dated before all that we keep. A receiver answers such an event 202 and does not take it in (a signature covers no
time: docs/webhooks.md), so it proves address, account and signature, and leaves nothing in the record.
"""

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import httpx
import msgspec

from events.retention import EVENTS_KEPT
from events.signature import sign
from events.webhooks.address import checked
from events.wire import PREFIX
from sandboxes.base.masking import mask
from sandboxes.base.outbound import guard
from sandboxes.models import Account

SECONDS: Final = 10.0
SHOWN_CHARACTERS: Final = 200
READ_BYTES: Final = 4096
LONG_AGO: Final = timedelta(days=1)
Verdict = Literal["arrived", "refused", "away", "unreachable", "somebody_else"]


@dataclass(frozen=True)
class Trial:
    """What came of it: `status` is None without an answer, `said` the beginning of its body, secrets masked."""

    verdict: Verdict
    seconds: float
    status: int | None = None
    said: str = ""


async def send(account: Account, now: datetime | None = None) -> Trial:
    """One POST to `account.webhook_url`; no redirect is followed, ten seconds in all.

    Raises BadAddress when there is no address to send to, CryptoError when the secret can't be opened.
    """
    url, body = checked(account.webhook_url), made(account, now or datetime.now(UTC))
    headers = {
        "content-type": "application/json",
        "user-agent": "sandwarden-test",
        "e2b-webhook-id": account.webhook_id or "none",
        "e2b-delivery-id": str(uuid.uuid4()),
        "e2b-signature-version": "v1",
        "e2b-signature": sign(account.webhook_secret, body),
    }
    began = time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            status, said = await _post(url, headers, body)
    except (TimeoutError, httpx.TimeoutException):
        return Trial("unreachable", time.monotonic() - began, said=f"no answer within {SECONDS:g} s")
    except (OSError, httpx.HTTPError, httpx.InvalidURL) as error:
        return Trial("unreachable", time.monotonic() - began, said=mask(str(error))[:SHOWN_CHARACTERS])
    shown = mask(said.decode(errors="replace"))[:SHOWN_CHARACTERS].replace("\x00", "\ufffd")
    return Trial(verdict(status, said), time.monotonic() - began, status, shown)


def made(account: Account, now: datetime) -> bytes:
    """The body: of E2B's shape, for a sandbox that never was, older than what we keep."""
    then = now - EVENTS_KEPT - LONG_AGO
    event = {
        "id": str(uuid.uuid4()),
        "version": "v2",
        "type": f"{PREFIX}created",
        "timestamp": then.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "event_category": "lifecycle",
        "event_label": "create",
        "sandbox_id": f"sandwarden-test-{account.name}"[:128],
        "sandbox_execution_id": "sandwarden-test",
        "sandbox_template_id": "sandwarden-test",
    }
    return msgspec.json.encode(event)


def verdict(status: int, said: bytes) -> Verdict:
    """Who answered, by what our receiver says: `{"stored":true}`, or `{"code","message"}` with its own codes."""
    try:
        body = msgspec.json.decode(said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "somebody_else"
    if not isinstance(body, dict):
        return "somebody_else"
    if status == 202 and "stored" in body:
        return "arrived"
    if status == 401 and body.get("code") == "unauthorized":
        return "refused"
    return "away" if status == 503 and body.get("code") == "unavailable" else "somebody_else"


async def _post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    async with (
        guard(httpx.AsyncClient(follow_redirects=False, timeout=SECONDS)) as client,
        client.stream("POST", url, content=body, headers=headers) as answer,
    ):
        said = b""
        async for chunk in answer.aiter_bytes(READ_BYTES):
            said += chunk
            if len(said) >= READ_BYTES:
                break
        return answer.status_code, said[:READ_BYTES]
