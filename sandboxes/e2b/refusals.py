"""From an HTTP answer to the error it means; pure."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

from sandboxes.base import masking
from sandboxes.e2b.calls import Call
from sandboxes.e2b.errors import (
    BadAnswer,
    BadRequest,
    Conflict,
    E2BError,
    NotFound,
    RateLimited,
    ServerFailed,
    TooManySandboxes,
    Unauthorized,
    Unsupported,
)
from sandboxes.e2b.pacing import seconds_to_wait, used_up
from sandboxes.e2b.timing import http_date

KEY_ADVICE: Final = "Check the account's API key and what it may do"
_SPEAKS_OF_SANDBOXES = re.compile(r"concurrent|too many sandboxes|maximum number of", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """An answer as it came, with our clock's times of sending and receiving."""

    status: int
    body: bytes
    headers: httpx.Headers
    sent_at: datetime
    received_at: datetime

    @property
    def server_date(self) -> datetime | None:
        """The newest where a server in front added its own: a `Date` can be stale, but not early."""
        return max(filter(None, map(http_date, self.headers.get_list("date"))), default=None)

    @property
    def is_web_page(self) -> bool:
        return self.body[:64].lstrip().startswith(b"<")


def refusal(call: Call, reply: Reply) -> E2BError | None:
    """The error that this answer stands for; None when it is a yes."""
    status = reply.status
    if 200 <= status < 300:
        return _odd_yes(call, reply)
    said = _Said.of(reply)
    told = f"{call.shown} answered {status}" + (f": {said.message}" if said.message else "")
    if status == 429:
        return _too_much(call, reply, said, told)
    if status == 404 and not said.by_the_api and reply.body.strip():
        return BadAnswer(f"{told}, and not in the API's words: check the base URL", status=status)
    if 300 <= status < 400:
        return BadAnswer(f"{told}: it redirects elsewhere: set the base URL to the API's own", status=status)
    kind, advice = _meaning(status)
    return kind(
        f"{told}. {advice}",
        status=status,
        error_code=said.error_code,
        api_message=said.message,
        maybe_sent=call.changes and status >= 500,
    )


def _meaning(status: int) -> tuple[type[E2BError], str]:
    if status in {401, 403}:
        return Unauthorized, KEY_ADVICE
    if status == 404:
        return NotFound, "It is gone, or this backend does not have this call"
    if status in {409, 410}:
        return Conflict, "The sandbox is in another state or changing: look again in a moment"
    if status in {405, 501}:
        return Unsupported, "This backend does not have this call"
    if status >= 500:
        return ServerFailed, "The backend failed: try again later; if it lasts, look at its status page"
    return BadRequest, "The backend does not accept this: check what was asked"


def _odd_yes(call: Call, reply: Reply) -> E2BError | None:
    if not reply.is_web_page:
        return None
    message = f"{call.shown} was answered with a web page, not the API: check the base URL and proxies on the way"
    return BadAnswer(message, status=reply.status, maybe_sent=call.changes)


def _too_much(call: Call, reply: Reply, said: "_Said", told: str) -> E2BError:
    is_rate = "retry-after" in reply.headers or used_up(reply.headers)
    if call.starts_a_sandbox and (_SPEAKS_OF_SANDBOXES.search(said.message) or not is_rate):
        advice = "Kill or pause sandboxes, or raise the plan's limit"
        return TooManySandboxes(f"{told}. {advice}", status=429, error_code=said.error_code, api_message=said.message)
    wait = seconds_to_wait(reply.headers, reply.received_at)
    advice = f"Try again in {wait:g} s" if wait is not None else "Try again later, or ask less often"
    return RateLimited(f"{told}. {advice}", retry_after=wait)


@dataclass(frozen=True)
class _Said:
    """The error body `{"code", "message", "error_code"}`, as much of it as there is."""

    message: str
    error_code: str
    by_the_api: bool

    @classmethod
    def of(cls, reply: Reply) -> "_Said":
        body = _json_object(reply.body)
        message = body.get("message") or body.get("detail") or body.get("error") or ""
        text = masking.mask(message if isinstance(message, str) else json.dumps(message))
        return cls(text[:300], str(body.get("error_code") or ""), bool(body))


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
