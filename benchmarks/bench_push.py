"""From a published frame to 500 browsers: our live stream beside a plain uvicorn broadcast of the same bytes.

`make bench-push`. SANDBOXES (10,000) in as many parts as polling makes, BROWSERS (500) in two processes, each showing
fifty rows, TICKS (8) ticks of five seconds. A browser's time for a frame is from just before it is published until the
browser has read the first message that knows it. Then the same browsers at a bare server: one message of the same
size at the same moments. Then ours with a tenth of the fleet, for the bytes. The last line is one JSON object.
"""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.ingest.servers import running, uvicorn
from benchmarks.stack.standing import folder, standing

SANDBOXES = int(os.environ.get("SANDBOXES", "10000"))
BROWSERS = int(os.environ.get("BROWSERS", "500"))
TICKS = int(os.environ.get("TICKS", "8"))
FEW_TICKS = 3  # for bytes alone
_AT = re.compile(r'"at":[0-9.e+]+')


def main() -> None:
    """Fleet, browsers, ticks."""
    with folder() as home, standing(home, SECRET_KEY="only-of-a-benchmark", POLL_INTERVAL="5"):
        from benchmarks.stack import fleet

        fleet.write(datetime.now(UTC), SANDBOXES)
        found = measure(sign_in())
    print(json.dumps(found))


def measure(cookie: str) -> dict[str, Any]:
    """Ours, the bare server, and ours with fewer sandboxes published."""
    from benchmarks.push.ticks import Ticks

    ticks = Ticks(SANDBOXES)
    ours, _ = at_our_server(cookie, ticks, SANDBOXES, TICKS)
    bare, _ = at_bare_server(ours.sample, len(ticks.parts))
    few, _ = at_our_server(cookie, Ticks(SANDBOXES // 10), SANDBOXES // 10, FEW_TICKS)
    per_tick = [round(seen.bytes / BROWSERS / n) for seen, n in ((few, FEW_TICKS), (ours, TICKS))]
    print(
        f"{len(ticks.parts)} frames a tick; a browser was sent {ours.messages / BROWSERS / TICKS:.1f} messages a tick; "
        f"bytes a browser and tick: {per_tick[0]} of {SANDBOXES // 10} sandboxes, {per_tick[1]} of {SANDBOXES}; "
        f"p99 {ours.quantile_ms(0.99) / bare.quantile_ms(0.99):.2f} × bare (p50 bare {bare.quantile_ms(0.5)} ms)",
        file=sys.stderr,
    )
    return {
        "browsers": BROWSERS,
        "tick_to_browser_p50_ms": ours.quantile_ms(0.5),
        "p99_ms": ours.quantile_ms(0.99),
        "bare_p99_ms": bare.quantile_ms(0.99),
        "bytes_per_browser_tick": per_tick[1],
        "skipped": ours.skipped,
    }


def at_our_server(cookie: str, ticks: Any, fleet: int, count: int) -> Any:
    """What the browsers saw of `count` ticks, and their times; one tick before is not counted."""
    from benchmarks.push.crowd import crowd

    with running(uvicorn("config.asgi:application")) as (url, _), crowd(url, cookie, BROWSERS, fleet) as browsers:
        asyncio.run(ticks.publish(1))
        browsers.tell("begin")
        frames = asyncio.run(ticks.publish(count))
        return browsers.end(frames), frames


def at_bare_server(text: str, parts: int) -> Any:
    """The same for a message like `text`, at the same moments."""
    from benchmarks.push.crowd import crowd

    with running(uvicorn("benchmarks.push.bare:app")) as (url, _), crowd(url, "", BROWSERS, 0) as browsers:
        asyncio.run(broadcast(text, parts, 1))
        browsers.tell("begin")
        frames = asyncio.run(broadcast(text, parts, TICKS))
        return browsers.end(frames), frames


async def broadcast(text: str, parts: int, count: int) -> Sequence[float]:
    """`text` with its time put in, `parts` times a tick."""
    import redis.asyncio

    from benchmarks.push.bare import CHANNEL
    from benchmarks.push.ticks import TICK_SECONDS

    frames: list[float] = []
    async with redis.asyncio.from_url(os.environ["REDIS_URL"]) as client:
        for _ in range(count * parts):
            frames.append(time.time())
            await client.publish(CHANNEL, _AT.sub(f'"at":{frames[-1]!r}', text, count=1))
            await asyncio.sleep(min(0.625, TICK_SECONDS / parts))
    await asyncio.sleep(1.0)
    return frames


def sign_in() -> str:
    """A session of a user, as the sign-in page makes it."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore

    user = get_user_model().objects.create_user("bench")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key
    return session.session_key


if __name__ == "__main__":
    main()
