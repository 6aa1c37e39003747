"""What all calls of a client share: address, key, HTTP connections, and the reading of lists."""

import logging
import ssl
from functools import cache
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from sandboxes.base import masking
from sandboxes.base.outbound import guard
from sandboxes.e2b.decoding import Decoder
from sandboxes.e2b.doubts import Doubts
from sandboxes.e2b.errors import BadRequest, Unauthorized
from sandboxes.e2b.pacing import Pacing, Shared
from sandboxes.e2b.refusals import Reply
from sandboxes.e2b.sending import Sender
from sandboxes.e2b.timing import Timing

T = TypeVar("T")

log = logging.getLogger(__name__)


class Connection:
    """One account's connection within one event loop; see E2BClient for the parameters."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        *,
        timeout: float = 10.0,
        deadline_seconds: float = 30.0,
        max_concurrency: int = 8,
        transport: httpx.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
        key_unreadable: str = "",
        may_change: bool = True,
        shared: Shared | None = None,
    ) -> None:
        self.base_url = checked_url(base_url)
        key = _checked_key(api_key)
        self._http = httpx.AsyncClient(
            headers={"User-Agent": "sandwarden", "Accept": "application/json"} | ({"X-API-Key": key} if key else {}),
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            limits=httpx.Limits(
                max_connections=max_concurrency, max_keepalive_connections=max_concurrency, keepalive_expiry=15.0
            ),
            verify=_trust(),
            follow_redirects=False,  # a redirect would carry the key elsewhere
            transport=transport,
        )
        guard(self._http)
        self.has_key = bool(key)
        self.workers = max_concurrency
        timing = timing or Timing()
        self._pacing = Pacing(timing, shared)
        self.sender = Sender(
            self._http,
            self.base_url,
            timing,
            self._pacing,
            slots=max_concurrency,
            deadline_seconds=deadline_seconds,
            key_unreadable=key_unreadable,
            may_change=may_change,
        )
        self.unreadable_entries = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url} {'with' if self.has_key else 'without'} a key>"

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._pacing.aclose()

    def check_key(self) -> None:
        """Raises KeyUnreadable when no call could be made for want of a key that can be opened."""
        self.sender.check_key()

    @property
    def clock_offset_seconds(self) -> float:
        """The server's clock minus ours, from all answers so far; 0.0 when they agree or nothing is known."""
        return self.sender.clock.offset_seconds

    def many(self, decoder: Decoder[T], reply: Reply) -> list[T]:
        """A list's readable entries; the others are counted. Raises BadAnswer when it is no list."""
        entries, doubts = decoder.many(reply.body)
        self.report(doubts, decoder.shape.__name__)
        return entries

    def report(self, doubts: Doubts, shape: str) -> None:
        """Counts the entries that were left out, and logs what could not be read."""
        self.unreadable_entries += doubts.entries
        for one in doubts.to_list():
            log.warning(
                "%s: %d %s: %s could not be read and was left out, for example of %r",
                self.base_url, one["count"], shape, one["what"], one["example"],
            )  # fmt: skip


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that we believe, read once a process: for each client anew it took longer than ten calls."""
    return httpx.create_ssl_context()


def checked_url(text: str) -> str:
    """The base URL without a slash at its end; a path stays. Raises BadRequest when it is no such address."""
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in {"http", "https"} and bool(httpx.URL(text.strip()).host) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise BadRequest(
            "The base URL must look like https://api.e2b.app or http://host:port/path: no name, password, ? or #"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _checked_key(key: str | None) -> str:
    """The key without spaces around it; empty for none. Raises Unauthorized when no header could hold it."""
    key = (key or "").strip()
    if not key.isascii() or not key.isprintable():
        raise Unauthorized("The API key holds characters that no key has: copy it again from the dashboard")
    masking.register(key)
    return key
