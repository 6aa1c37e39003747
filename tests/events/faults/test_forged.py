"""A delivery made longer without the secret carries a signature that fits, and still changes nothing."""

import base64
import hashlib

import pytest

from events.signature import decode, sign, verify
from tests.events.conftest import SECRET
from tests.events.faults.deliveries import one
from tests.events.faults.extension import extend, glue
from tests.events.faults.record import check
from tests.events.faults.sending import send_one
from tests.events.faults.stack import Stack

pytestmark = pytest.mark.xdist_group("faults")
ROWS = (
    "SELECT * FROM events_lifecycleevent WHERE starts_with(sandbox_id, 'forged') ORDER BY id",
    "SELECT * FROM sandboxes_sandbox WHERE starts_with(sandbox_id, 'forged') ORDER BY id",
)
PARKED = "SELECT count(*) FROM events_delivery WHERE state = 'parked'"


def extended(body: bytes, suffix: bytes) -> tuple[bytes, str]:
    """What an attacker makes of one overheard delivery: a longer body and its signature, from the length alone."""
    overheard = decode(sign(SECRET, body))
    assert overheard
    length = len(SECRET) + len(body)  # guessed in a few tries
    digest = extend(overheard, length, suffix)
    return body + glue(length) + suffix, base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.mark.parametrize("length", [0, 1, 54, 55, 56, 63, 64, 119, 200])
def test_our_sha256_is_sha256(length: int) -> None:
    message = b"m" * length
    longer = message + glue(length) + b"more"
    assert extend(hashlib.sha256(message).digest(), length, b"more") == hashlib.sha256(longer).digest()


async def test_a_length_extension_alters_nothing(stack: Stack) -> None:
    (web,) = stack.start_webs()
    true = one("forged1")
    assert await send_one(web.port, true) == 202
    before = [stack.ask(rows) for rows in ROWS], stack.ask(PARKED)
    for suffix in (b"", b" ", b"}", b"garbage", one("forged2"), b'","sandbox_id":"forged3"}', b"\n" + one("forged4")):
        body, signature = extended(true, suffix)
        assert verify(signature, body, [SECRET]), "the attack is real: the signature fits"
        assert await send_one(web.port, body, signature) in {400, 401}
    assert ([stack.ask(rows) for rows in ROWS], stack.ask(PARKED)) == before
    check(stack, "forged", [true])
