"""Bodies of requests to the pages and REST, within bounds: Django would spool an endless one to disk, from anybody."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

MAX_BYTES: Final = 16 * 1024 * 1024
ANONYMOUS_BYTES: Final = 64 * 1024  # of who names neither a session nor a token: the sign-in form needs little
SECONDS: Final = 60.0
_ANSWERS: Final = {
    413: b'{"code":"too_large","message":"the body is too large"}',
    408: b'{"code":"timeout","message":"the body took too long"}',
}


class Bounded:
    """Runs an ASGI app on HTTP requests whose whole body comes within `most_bytes` and `seconds`.

    Without a session or token the most is ANONYMOUS_BYTES. A made-up one lifts that early limit to `most_bytes`, and
    nothing else: the view still rejects the request.

    Any other is answered 413 or 408, and looks to the app as if its sender had gone away.
    """

    def __init__(self, app: App, most_bytes: int = MAX_BYTES, seconds: float = SECONDS) -> None:
        self._app, self._most_bytes, self._seconds = app, most_bytes, seconds

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        most_bytes = self._most_bytes if _says_who(headers) else min(self._most_bytes, ANONYMOUS_BYTES)
        body = _Body(receive, most_bytes, asyncio.get_running_loop().time() + self._seconds)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > most_bytes:
            body.refused = 413
        else:
            await self._app(scope, body.receive, send)
        if body.refused:
            await _answer(send, body.refused)


def _says_who(headers: dict[bytes, bytes]) -> bool:
    """Whether it claims to be somebody; whether it is, the app finds out."""
    session = f"{settings.SESSION_COOKIE_NAME}=".encode()
    return b"authorization" in headers or session in headers.get(b"cookie", b"")


class _Body:
    """Hands on what arrives until it is whole; then only the news that the sender went away is left to come."""

    def __init__(self, receive: Receive, most_bytes: int, deadline: float) -> None:
        self._receive, self._left, self._deadline = receive, most_bytes, deadline
        self._whole = False
        self.refused = 0

    async def receive(self) -> Any:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(408)
        self._left -= len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        return self._refuse(413) if self._left < 0 else message

    def _refuse(self, status: int) -> dict[str, str]:
        self.refused = status
        return {"type": "http.disconnect"}


async def _answer(send: Send, status: int) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": _ANSWERS[status]})
