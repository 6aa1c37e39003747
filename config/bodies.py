"""Bodies of requests to the pages and REST, within bounds: Django would spool an endless one to disk, from anybody."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from sandboxes.core import database_away

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
IsKnown = Callable[[Mapping[bytes, bytes]], Awaitable[bool]]

MAX_BYTES: Final = 16 * 1024 * 1024
ANONYMOUS_BYTES: Final = 64 * 1024  # of whom we do not know: the sign-in form needs little
SECONDS: Final = 60.0
_ANSWERS: Final = {
    413: b'{"code":"too_large","message":"the body is too large"}',
    408: b'{"code":"timeout","message":"the body took too long"}',
    503: b'{"code":"unavailable","message":"%s"}' % database_away.PHRASE.encode(),
}


class Bounded:
    """Runs an ASGI app on HTTP requests whose whole body comes within `most_bytes` and `seconds`.

    What is larger than ANONYMOUS_BYTES is only taken from a sender whom `is_known` knows by the headers, asked once,
    when that much has come or is announced: a made-up cookie or token does not lift the limit. Any other is answered
    413 or 408 (503 where nobody can be asked), and looks to the app as if its sender had gone away.
    """

    def __init__(self, app: App, is_known: IsKnown, most_bytes: int = MAX_BYTES, seconds: float = SECONDS) -> None:
        self._app, self._is_known, self._most_bytes, self._seconds = app, is_known, most_bytes, seconds

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])

        async def is_known() -> bool:
            return await self._is_known(headers)

        body = _Body(receive, self._most_bytes, asyncio.get_running_loop().time() + self._seconds, is_known)
        length = headers.get(b"content-length", b"")
        await body.announce(int(length) if length.isdigit() else 0)
        if not body.refused:
            await self._app(scope, body.receive, send)
        if body.refused:
            await _answer(send, body.refused)


class _Body:
    """Hands on what arrives until it is whole; then only the news that the sender went away is left to come."""

    def __init__(
        self, receive: Receive, most_bytes: int, deadline: float, is_known: Callable[[], Awaitable[bool]]
    ) -> None:
        self._receive, self._most, self._deadline, self._is_known = receive, most_bytes, deadline, is_known
        self._read = 0
        self._known: bool | None = None
        self._whole = False
        self.refused = 0

    async def announce(self, length: int) -> None:
        """Refuses it by its length alone, where that is too much."""
        self.refused = await self._too_much(length)

    async def receive(self) -> Any:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(408)
        self._read += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        status = await self._too_much(self._read)
        return self._refuse(status) if status else message

    async def _too_much(self, length: int) -> int:
        """The status that so many bytes are refused with; 0: they are taken."""
        if length <= min(self._most, ANONYMOUS_BYTES):
            return 0
        if length > self._most:
            return 413
        if self._known is None:
            try:
                self._known = await self._is_known()
            except database_away.ERRORS:
                return 503
        return 0 if self._known else 413

    def _refuse(self, status: int) -> dict[str, str]:
        self.refused = status
        return {"type": "http.disconnect"}


async def _answer(send: Send, status: int) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": _ANSWERS[status]})
