"""The lower bound: an ASGI app that sends what comes by Redis to every open socket, and knows nothing."""

import asyncio
import os
from contextlib import suppress
from typing import Any

import redis.asyncio

CHANNEL = "bench:bare"
sockets: set[Any] = set()
listening: list[asyncio.Task[None]] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Sockets on any path; 200 for the rest."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket":
        await _keep(receive, send)
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _keep(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    sockets.add(send)
    with suppress(Exception):
        said = await receive()
        while said["type"] != "websocket.disconnect":
            said = await receive()
    sockets.discard(send)


async def _live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            ready = asyncio.Event()
            listening.append(asyncio.create_task(_broadcast(ready)))
            await ready.wait()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            listening[0].cancel()
            return


async def _broadcast(ready: asyncio.Event) -> None:
    client = redis.asyncio.from_url(os.environ["REDIS_URL"])
    async with client.pubsub() as hears:
        await hears.subscribe(CHANNEL)
        ready.set()
        async for message in hears.listen():
            if message["type"] == "message":
                text = message["data"].decode()
                for send in list(sockets):
                    await send({"type": "websocket.send", "text": text})
