"""Standard Webhooks (standardwebhooks.com): `{"type","timestamp","data"}`, signed."""

import base64
import binascii
import hashlib
import hmac
import time
from typing import Final

import msgspec

from sandboxes.notifications.outcomes import Outcome
from sandboxes.notifications.outgoing import Outgoing, Target
from sandboxes.notifications.senders import http

PREFIX: Final = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64


async def send(target: Target, out: Outgoing) -> Outcome:
    """The same ID and body however often it is sent; time and signature are those of the try."""
    body = body_of(out)
    return await http.post(
        target.url, body, headers_of(out.id, body, target.secret, int(time.time())), private=target.allow_private
    )


def body_of(out: Outgoing) -> bytes:
    """What is signed and sent."""
    return msgspec.json.encode({"type": out.type, "timestamp": out.created_at, "data": out.data})


def headers_of(id_: str, body: bytes, secret: str, at: int) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` (Unix seconds), `webhook-signature`. Raises ValueError for no secret."""
    signed = f"{id_}.{at}.".encode() + body
    mac = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": signature}


def key_of(secret: str) -> bytes:
    """The bytes that sign, of `whsec_` and base64. Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is no base64") from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"it has {len(key)} bytes, {LEAST_BYTES} to {MOST_BYTES} are needed")
    return key
