"""From which pages a socket may be opened: our own, by scheme, host and port."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from sandboxes.e2b.urls import origin

App = Callable[[Any, Any, Any], Awaitable[None]]


class OwnOrigin:
    """Runs the app for sockets whose Origin is PUBLIC_URL, or the host that was asked for under PUBLIC_URL's scheme."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        theirs, host = (headers.get(name, b"").decode("latin1") for name in (b"origin", b"host"))
        await (self._app if is_ours(theirs, host) else WebsocketDenier())(scope, receive, send)


def is_ours(theirs: str, host: str) -> bool:
    """Whether a page of the origin `theirs` may open a socket at the `Host` that it asked for."""
    found = origin(theirs)
    if found is None or found == origin(settings.PUBLIC_URL):
        return found is not None
    asked_for = origin(f"{urlsplit(settings.PUBLIC_URL).scheme}://{host}")
    return found == asked_for and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
