"""Where requests go: webhooks to the receiver, sockets to Channels, the rest to Django."""

import gc
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import re_path

django = get_asgi_application()  # before the imports below: they need the apps

from config.bodies import Bounded  # noqa: E402
from config.listener import raise_descriptor_limit  # noqa: E402
from config.public_scheme import PublicScheme  # noqa: E402
from config.static_app import Static  # noqa: E402
from dashboard.access.known_sender import is_known  # noqa: E402
from dashboard.live import hub, routes  # noqa: E402
from dashboard.live.origin import OwnOrigin  # noqa: E402
from events.receiver import Receiver  # noqa: E402


async def nowhere(_scope: Any, receive: Any, send: Any) -> None:
    """Closes a WebSocket to an unknown path, without logging it."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


elsewhere: Any = nowhere
sockets = OwnOrigin(AuthMiddlewareStack(URLRouter([*routes, re_path(r"", elsewhere)])))
receiver, pages = Receiver(), PublicScheme(Static(Bounded(django, is_known)), "https" if settings.SECURE else "http")


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI app of the web process (measured reasons: docs/architecture.md, "The receiver is not a view")."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        # The consumer's messages go past the session's wrapper, which looks at the session for each of them: a fifth of
        # what a message costs, and no socket changes its session.
        await sockets({**scope, "straight": send}, receive, send)
    elif scope["path"].startswith("/webhooks/"):
        await receiver(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def lifespan(receive: Any, send: Any) -> None:
    """Starts the receiver's inbox and the hub of live frames with the process, and stops them with it."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _settle()
            raise_descriptor_limit()
            await receiver.start()
            await hub.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await hub.stop()
            await receiver.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _settle() -> None:
    """What was loaded stays: it is taken out of the collector's sight, whose rounds would hold up a burst of events."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
