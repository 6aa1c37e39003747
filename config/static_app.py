"""Static files straight from the event loop: through Django each takes a thread and a walk through all middleware.

WhiteNoise still finds, hashes and compresses them; it only has no ASGI face of its own, and Starlette's static files
know neither its hashed names nor its compressed copies.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.http import HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]
from whitenoise.responders import Response  # type: ignore[import-untyped]

App = Callable[[Any, Any, Any], Awaitable[None]]
ASKED: Final = {  # what WhiteNoise looks at, by its WSGI name
    b"accept-encoding": "HTTP_ACCEPT_ENCODING",
    b"if-modified-since": "HTTP_IF_MODIFIED_SINCE",
    b"if-none-match": "HTTP_IF_NONE_MATCH",
    b"range": "HTTP_RANGE",
}
ALWAYS: Final = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


class Static:
    """Answers GET and HEAD for a collected file as WhiteNoise would; all else goes on to `app`.

    A page asks for some 50 small files before it is usable. In DEBUG nothing is collected, so Django answers.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._files: dict[str, Any] = WhiteNoiseMiddleware(lambda _: HttpResponse()).files

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found = self._files.get(scope["path"])
        if found is None or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        asked = {ASKED[name]: value.decode("latin-1") for name, value in scope["headers"] if name in ASKED}
        await _answer(send, found.get_response(scope["method"], asked))


async def _answer(send: Any, response: Response) -> None:
    """The file is read at once: the largest is 0.4 MB and lies in the system's cache."""
    body = b""
    if response.file:
        with response.file as file:
            body = file.read()
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    await send({"type": "http.response.start", "status": int(response.status), "headers": headers + ALWAYS})
    await send({"type": "http.response.body", "body": body})
