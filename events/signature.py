"""E2B's webhook signature. Pure.

It is NOT an HMAC: base64(sha256(secret + raw body)), in either base64 alphabet, padded or not
(E2B's docs and e2b-dev/E2B#1103). Such a hash can be length-extended: whoever verifies it must also refuse
every body that is not exactly one JSON object (`events.wire.parse_body`).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

_TO_STANDARD = str.maketrans("-_", "+/")
DIGEST_BYTES = 32


def sign(secret: str, body: bytes) -> str:
    """The `e2b-signature` header for `body`: URL-safe alphabet without padding."""
    digest = hashlib.sha256(secret.encode() + body).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def decode(header: str) -> bytes | None:
    """The 32 bytes of a signature header; None when it is not base64 of 32 bytes."""
    text = header.strip().translate(_TO_STANDARD).rstrip("=")
    try:
        digest = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == DIGEST_BYTES else None


def verify(header: str, body: bytes, secrets: Iterable[str]) -> bool:
    """Whether one of `secrets` (several while one is rotated) signed `body`; compared in constant time."""
    given = decode(header)
    if given is None:
        return False
    matches = [hmac.compare_digest(given, hashlib.sha256(s.encode() + body).digest()) for s in secrets if s]
    return any(matches)
