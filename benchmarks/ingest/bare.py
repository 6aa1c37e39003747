"""The upper bound: an ASGI app on the same server that verifies and parses, and keeps nothing."""

from typing import Any

import django

django.setup()

from benchmarks.ingest.bodies import SECRET
from events.receiver import answer, read_body
from events.signature import verify
from events.wire import parse_body


async def app(scope: Any, receive: Any, send: Any) -> None:
    """202 for a signed JSON object, 401 otherwise."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    body = await read_body(receive, headers)
    if not verify(headers.get("e2b-signature", ""), body, [SECRET]):
        await answer(send, 401, {"code": "unauthorized"})
        return
    parse_body(body)
    await answer(send, 202, {"stored": False})
