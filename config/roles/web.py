"""The web server: uvicorn with our bounds, its loop in the process's main thread."""

import uvicorn
from django.conf import settings

MOST_MESSAGE_BYTES = 256 * 1024  # over a WebSocket: a page says which rows it shows
GRACEFUL_SECONDS = 3


def server() -> uvicorn.Server:
    """Serves `config.asgi:application`; which forwarded headers count is ours to say (TRUSTED_PROXIES)."""
    return uvicorn.Server(
        uvicorn.Config(
            "config.asgi:application",
            host=settings.HOST,
            port=settings.PORT,
            loop="uvloop",
            http="config.listener:BoundedProtocol",
            ws="websockets-sansio",
            ws_max_size=MOST_MESSAGE_BYTES,
            lifespan="on",
            log_config=None,
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
        )
    )
