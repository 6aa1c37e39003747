"""A POST to another side: checked where it connects, no redirects, a deadline for all of it, a bounded answer."""

import asyncio
import email.utils
import time
from collections.abc import Iterator, Mapping
from typing import Final

import httpx

from sandboxes.base import outbound
from sandboxes.notifications.outcomes import Outcome, arrived, passing, refused

DEADLINE_SECONDS: Final = 10.0
MOST_ANSWER_BYTES: Final = 4_096
_PASSING: Final = frozenset({408, 425, 429})


async def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> Outcome:
    """Sends it once; whatever the other side does is an outcome. With `private` private addresses may be reached."""
    client = httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=DEADLINE_SECONDS)
    sent = {"Content-Type": "application/json", "User-Agent": "Sandwarden", **headers}
    try:
        # httpx counts from one byte to the next; this counts all of it, so that a trickle holds nobody.
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            outbound.guard(client, private=private),
            client.stream("POST", url, content=body, headers=sent) as response,
        ):
            return outcome_of(response.status_code, await _bounded(response), _retry_after(response.headers))
    except (TimeoutError, httpx.TimeoutException):
        return passing(f"no answer within {DEADLINE_SECONDS:.0f} s")
    except httpx.InvalidURL:
        return refused("the address is no URL")
    except httpx.HTTPError as error:
        return failure(error)


def outcome_of(status: int, answer: str, retry_after: float | None) -> Outcome:
    """What an HTTP status means: 2xx arrived; 408, 425, 429 and 5xx may pass; the rest will not."""
    told = f"{status} {answer}".strip()
    if 200 <= status < 300:
        return arrived(told)
    if 300 <= status < 400:
        return refused(f"it answered {status}: redirects are not followed", told)
    if status in _PASSING or status >= 500:
        return passing(f"it answered {told}", told, retry_after)
    return refused(f"it answered {told}", told)


def failure(error: httpx.HTTPError) -> Outcome:
    """Why there was no answer; where nothing may be sent to, nothing ever will be."""
    for cause in _causes(error):
        if isinstance(cause, outbound.Unreachable):
            return refused(str(cause))
    return passing(f"no connection: {error or type(error).__name__}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


async def _bounded(response: httpx.Response) -> str:
    """The beginning of the body; the rest is not read."""
    found = b""
    async for part in response.aiter_bytes(MOST_ANSWER_BYTES):
        found += part
        if len(found) >= MOST_ANSWER_BYTES:
            break
    return found[:MOST_ANSWER_BYTES].decode("utf-8", "replace")


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds; None where it names none, or none that can be read."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError):
        return None
