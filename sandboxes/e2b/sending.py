"""Sends one call: within its deadline and the rate limits, again where that is safe, and never a change twice."""

import asyncio
from urllib.parse import urlencode

import httpx
import msgspec

from sandboxes.e2b.calls import Call
from sandboxes.e2b.errors import (
    BadAnswer,
    BadRequest,
    ChangesForbidden,
    E2BError,
    KeyUnreadable,
    LeftAlone,
    NotFound,
    RateLimited,
    ServerFailed,
    Unreachable,
)
from sandboxes.e2b.pacing import LONGEST_WAIT_SECONDS, UNTOLD_SECONDS, Pacing, seconds_to_wait
from sandboxes.e2b.refusals import Reply, refusal
from sandboxes.e2b.timing import ServerClock, Timing

RETRIES = 3
# Full jitter: a random wait up to BASE, doubled at each retry, at most CAP (seconds).
BASE_SECONDS = 0.5
CAP_SECONDS = 8.0

SILENT_AFTER_SECONDS = 5.0

_PASSING_STATUS = {502, 503, 504}
_QUICK_METHODS = {"GET", "DELETE"}  # a pause of a large sandbox takes longer than any answer should
# Raised before a byte of the request has left.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class Sender:
    """One HTTP client with what all calls share: slots, rate limits and the server's clock."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        timing: Timing,
        pacing: Pacing,
        *,
        slots: int,
        deadline_seconds: float,
        key_unreadable: str = "",
        may_change: bool = True,
    ) -> None:
        self._http = http
        self._may_change = may_change
        self._key_unreadable = key_unreadable
        self._base_url = base_url
        self._slots = asyncio.Semaphore(slots)
        self._deadline_seconds = deadline_seconds
        self._pacing = pacing
        self.timing = timing
        self.clock = ServerClock()

    @property
    def paused_seconds(self) -> float:
        """How long the backend wants to be left alone, by its refusals and its `RateLimit` headers; 0.0: not at all."""
        return self._pacing.longest_pause()

    def check_key(self) -> None:
        """Raises KeyUnreadable where the stored key can't be opened."""
        if self._key_unreadable:
            raise KeyUnreadable(self._key_unreadable)

    async def send(self, call: Call, deadline_seconds: float | None = None) -> Reply:
        """The answer, when it is a yes.

        `deadline_seconds` bounds everything: waits for rate limits, all attempts, and the pauses between them. A wait
        of more than `LONGEST_WAIT_SECONDS` is not begun: the error says when to come back, and so do all calls of that
        route until then.
        Raises every kind of E2BError; with `maybe_sent` when a change may have happened.
        """
        if call.changes and not self._may_change:
            raise ChangesForbidden(
                f"{call.shown} was not sent: this account lets nobody change anything at its backend (its `actions`)"
            )
        self.check_key()
        seconds = self._deadline_seconds if deadline_seconds is None else deadline_seconds
        end = self.timing.monotonic() + seconds
        attempt, silent = 0, False
        told: E2BError | None = None
        while True:
            try:
                return await self._attempt(call, end)
            except E2BError as error:
                told = _more_telling(told, error)
                await self._pause_after(call, error, attempt)
                silent = isinstance(error, Unreachable) and (silent or error.timed_out)
                wait = self._wait_before_retry(call, error, attempt)
                if wait is None or self.timing.monotonic() + wait >= end:
                    await self._note_silence(call, silent=silent)
                    raise told from told.__cause__
            await self.timing.sleep(wait)
            attempt += 1

    async def _attempt(self, call: Call, end: float) -> Reply:
        reply = None
        while reply is None:
            await self._pacing.wait(call.name, end)
            reply = await self._exchange(call, end)
        if reply.server_date is not None:
            self.clock.learn(reply.server_date, reply.sent_at, reply.received_at)
        await self._pacing.learn(call.name, reply.headers, reply.received_at)
        error = refusal(call, reply)
        if error is None or (call.absence_is_an_answer and isinstance(error, NotFound)):
            return reply
        if isinstance(error, ServerFailed):
            error.retry_after = seconds_to_wait(reply.headers, reply.received_at)
        raise error

    async def _pause_after(self, call: Call, error: E2BError, attempt: int) -> None:
        """Leaves the route alone for as long as the backend asked for."""
        if isinstance(error, LeftAlone) or (isinstance(error, RateLimited) and error.status is None):
            return  # it is paused already
        if isinstance(error, RateLimited | ServerFailed) and error.retry_after:
            await self._pacing.pause(call.name, error.retry_after)
        elif isinstance(error, RateLimited) and attempt >= RETRIES:
            await self._pacing.pause(call.name, UNTOLD_SECONDS)

    async def _note_silence(self, call: Call, *, silent: bool) -> None:
        """A call that got no answer counts once, however many attempts it had: it may be its sandbox that hangs."""
        if silent and call.method in _QUICK_METHODS:
            await self._pacing.timed_out(call.name)

    def _wait_before_retry(self, call: Call, error: E2BError, attempt: int) -> float | None:
        """Seconds; None when the call must not, or need not, be tried again."""
        if attempt >= RETRIES or not _may_pass(error) or (call.changes and not _never_left(error)):
            return None
        if self._pacing.left(call.name) > LONGEST_WAIT_SECONDS:
            return None
        jitter = self.timing.uniform(0.0, min(CAP_SECONDS, BASE_SECONDS * 2**attempt))
        told = error.retry_after if isinstance(error, (RateLimited, ServerFailed)) else None
        return told or jitter

    async def _exchange(self, call: Call, end: float) -> Reply | None:
        """None when the route was paused while the call waited for a slot: nothing was sent."""
        left = end - self.timing.monotonic()
        if left <= 0:
            failure = _unreachable(call, "its time was up before it could be sent", maybe_sent=False)
            failure.cut_short = True
            raise failure
        sent = False
        try:
            async with asyncio.timeout(left), self._slots:
                if not self._pacing.is_open(call.name):
                    return None
                request = self._request(call)
                sent_at, sent = self.timing.now(), True
                response = await self._http.send(request)
        except TimeoutError:
            failure = _unreachable(call, f"no answer within {left:.1f} s", maybe_sent=sent)
            failure.timed_out = sent and left >= SILENT_AFTER_SECONDS  # a deadline's rest proves nothing
            failure.cut_short = not failure.timed_out
            raise failure from None
        except _NOT_SENT as error:
            failure = _unreachable(call, _reason(error), maybe_sent=False)
            failure.timed_out = isinstance(error, httpx.ConnectTimeout)
            raise failure from error
        except httpx.TransportError as error:
            failure = _unreachable(call, _reason(error), maybe_sent=True)
            failure.timed_out = isinstance(error, httpx.TimeoutException)
            raise failure from error
        except httpx.InvalidURL:
            raise BadRequest(f"{call.shown}: the filter is too long or holds what no address can hold") from None
        except httpx.DecodingError as error:
            message = f"{call.shown}: the answer is packed wrongly: check proxies on the way"
            raise BadAnswer(message, maybe_sent=call.changes) from error
        return Reply(response.status_code, response.content, response.headers, sent_at, self.timing.now())

    def _request(self, call: Call) -> httpx.Request:
        # Commas stay: a hundred IDs between them then need no escape, which is looked for at every character.
        query = f"?{urlencode(call.query, safe=',')}" if call.query else ""
        content = None if call.body is None else msgspec.json.encode(call.body)
        headers = None if content is None else {"Content-Type": "application/json"}
        return self._http.build_request(
            call.method, f"{self._base_url}{call.path}{query}", content=content, headers=headers
        )


def _may_pass(error: E2BError) -> bool:
    if isinstance(error, LeftAlone):
        return False
    return isinstance(error, (RateLimited, Unreachable)) or error.status in _PASSING_STATUS


def _more_telling(before: E2BError | None, error: E2BError) -> E2BError:
    """The failure to tell of: an attempt that the deadline cut short says nothing where the one before it did."""
    nothing = isinstance(error, Unreachable) and error.cut_short and not error.maybe_sent
    return before if before is not None and nothing else error


def _never_left(error: E2BError) -> bool:
    return isinstance(error, Unreachable) and not error.maybe_sent


def _unreachable(call: Call, reason: str, *, maybe_sent: bool) -> Unreachable:
    advice = "Check the base URL, the network and the backend"
    if call.changes and maybe_sent:
        advice = "The change may have happened all the same: look before you try again"
    return Unreachable(f"{call.shown}: {reason}. {advice}", maybe_sent=call.changes and maybe_sent)


def _reason(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, (httpx.ConnectError, httpx.ProxyError)):
        return "no connection"
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return "the request could not be written"
    return "the connection broke off"
