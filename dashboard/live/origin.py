"""From which pages a socket may be opened: our own, by scheme, host and port."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

App = Callable[[Any, Any, Any], Awaitable[None]]
_PORTS = {"http": 80, "https": 443}


class OwnOrigin:
    """Runs the app for sockets whose Origin is PUBLIC_URL, or the host that was asked for under PUBLIC_URL's scheme."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        origin, host = (headers.get(name, b"").decode("latin1") for name in (b"origin", b"host"))
        await (self._app if is_ours(origin, host) else WebsocketDenier())(scope, receive, send)


def is_ours(origin: str, host: str) -> bool:
    """Whether a page of `origin` may open a socket at the `Host` that it asked for."""
    theirs = _parts(origin)
    scheme = urlsplit(settings.PUBLIC_URL).scheme
    if theirs is None or theirs == _parts(settings.PUBLIC_URL):
        return theirs is not None
    return theirs == _parts(f"{scheme}://{host}") and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


def _parts(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what is no origin of a web page."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname.lower().rstrip("."), port or _PORTS[parts.scheme]
