"""`python -m benchmarks.push.browsers HOST:PORT COOKIE FROM TO FLEET`: a process full of browsers.

Says `open` when all have their first picture; `begin` on standard input starts the count, `end` asks for one line of
JSON: by frame (its time) the milliseconds until each browser showed it, and what came over the wire.
"""

import asyncio
import json
import re
import sys
import time
from random import Random

import uvloop

from benchmarks.push.socket import Socket

ROWS = 50
_AT = re.compile(rb'"at":([0-9.e+]+)')


class Browser:
    """One page of fifty rows; notes when it saw which frame."""

    def __init__(self, number: int, fleet: int) -> None:
        self.rows = sorted(Random(number).sample(range(1, fleet + 1), min(ROWS, fleet)))
        self.saw: dict[float, float] = {}
        self.bytes = self.messages = 0
        self.sample = b""
        self.has = asyncio.Event()

    def take(self, text: bytes, on_wire: int) -> None:
        """Each frame counts when it is first seen."""
        now = time.time()
        self.bytes += on_wire
        self.messages += 1
        self.has.set()
        self.sample = text
        found = _AT.search(text)
        if found:
            at = float(found[1])
            self.saw.setdefault(at, (now - at) * 1000)

    def begin(self) -> None:
        self.saw.clear()
        self.bytes = self.messages = 0


async def main(host: str, cookie: str, first: int, last: int, fleet: int) -> None:
    browsers = [Browser(number, fleet) for number in range(first, last)]
    sockets = [await _open(host, cookie, browser) for browser in browsers]
    if fleet:
        await asyncio.wait_for(asyncio.gather(*(browser.has.wait() for browser in browsers)), 60)
    print("open", flush=True)
    loop = asyncio.get_running_loop()
    while (word := (await loop.run_in_executor(None, sys.stdin.readline)).strip()) == "begin":
        for browser in browsers:
            browser.begin()
    assert word == "end"
    said = {
        "saw": [browser.saw for browser in browsers],
        "bytes": sum(browser.bytes for browser in browsers),
        "messages": sum(browser.messages for browser in browsers),
        "closed": sum(socket.closed for socket in sockets),
        "sample": browsers[0].sample.decode(),
    }
    print(json.dumps(said), flush=True)


async def _open(host: str, cookie: str, browser: Browser) -> Socket:
    name, _, port = host.partition(":")
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(host, cookie, browser.take), name, int(port))
    await socket.open
    socket.say(json.dumps({"show": {"page": "sandboxes", "rows": browser.rows}}).encode())
    return socket


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])))
