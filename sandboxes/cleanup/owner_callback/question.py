"""One question and its answer, as bytes: signed, and read so that whatever is not plainly said means alive."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

TIMESTAMP_HEADER, SIGNATURE_HEADER = "Sandwarden-Timestamp", "Sandwarden-Signature"


class Unusable(Exception):
    """The answer can't be taken; the message says why. All that were asked about live."""


@dataclass(frozen=True)
class Question:
    """The body and the headers of the POST."""

    body: bytes
    headers: dict[str, str]


class _Answer(msgspec.Struct, frozen=True):
    dead: list[str]
    alive: list[str] = []


def ask(ids: Sequence[str], *, account: str, before: str, secret: str, at: int) -> Question:
    """Asks about `ids`; `before` is `mark` or `act`, `at` Unix seconds.

    The signature is `v1=` and the hex HMAC-SHA256, under `secret`, of the timestamp, a full stop and the body.
    """
    body = msgspec.json.encode({"question": "which_are_dead", "account": account, "before": before, "sandboxes": ids})
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", TIMESTAMP_HEADER: str(at), SIGNATURE_HEADER: f"v1={mac}"}
    return Question(body, headers)


def read(status: int, body: bytes, asked: Sequence[str]) -> set[str]:
    """Those of `asked` that the answer names as dead. Raises Unusable for anything that is not plainly an answer."""
    if status != 200:
        raise Unusable(f"it answered with status {status}")
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unusable(f'its answer is no {{"dead": [ids]}}: {error}') from None
    strangers = {*answer.dead, *answer.alive} - set(asked)
    if strangers:
        raise Unusable(f"its answer names {len(strangers)} sandboxes that were not asked about")
    return set(answer.dead) - set(answer.alive)
