"""The scheme of every request is that of PUBLIC_URL: no header of whoever ended TLS is believed."""

from collections.abc import Awaitable, Callable
from typing import Any

App = Callable[[Any, Any, Any], Awaitable[None]]


class PublicScheme:
    """Runs an ASGI app on HTTP requests as if they had come by `scheme`."""

    def __init__(self, app: App, scheme: str) -> None:
        self._app, self._scheme = app, scheme

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "scheme": self._scheme}, receive, send)
