"""Our pages in Chromium with ten thousand sandboxes: weight, first paint, interactive, and how they stay while live.

`make bench-pages`. SANDBOXES (10,000), LOADS (3) of each page from an empty cache, MINUTES (1) that each live page
stays open while every sandbox's sample comes each five seconds. The last line is one JSON object.
"""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from benchmarks.bench_push import sign_in
from benchmarks.ingest.servers import running, uvicorn
from benchmarks.stack.standing import folder, standing
from runner import assets

SANDBOXES = int(os.environ.get("SANDBOXES", "10000"))
LOADS = int(os.environ.get("LOADS", "3"))
MINUTES = float(os.environ.get("MINUTES", "1"))
LIVE = ("fleet", "sandboxes", "sandbox")
PAGES = {
    "fleet": "/", "sandboxes": "/sandboxes/", "sandbox": "/sandboxes/{id}/", "events": "/events/",
    "deliveries": "/events/deliveries/", "cleanup": "/cleanup/", "policy": "/cleanup/policies/new/", "cost": "/cost/",
    "settings": "/settings/",
}  # fmt: skip
HEAD = ("page", "kB", "server", "paint", "interactive", "longest task", "shift")


def main() -> None:
    """Stack, fleet, browser."""
    with folder() as home:
        assets.install(home)  # before the settings are read: they name what is there
        with standing(home, SECRET_KEY="only-of-a-benchmark", POLL_INTERVAL="5"):
            found = in_a_stack()
    print(json.dumps(found))


def in_a_stack() -> dict[str, Any]:
    """The fleet on record, the web process, ticks, the browser."""
    sandbox_id, cookie = prepare(), sign_in()
    with running(uvicorn("config.asgi:application")) as (url, _), ticking():
        return measure(url, cookie, sandbox_id)


def prepare() -> str:
    """Static files, a fleet, its newest frame on record; the ID of one of it."""
    from django.core.management import call_command

    from benchmarks.push.ticks import Ticks
    from benchmarks.stack import fleet, usage
    from sandboxes.metrics.series import frame_store
    from sandboxes.models import Sandbox

    call_command("collectstatic", interactive=False, verbosity=0)
    now = datetime.now(UTC)
    fleet.write(now, SANDBOXES)
    for part in Ticks(SANDBOXES).parts:
        frame = usage.frame(range(part.shard or part.shards, SANDBOXES + 1, part.shards), int(now.timestamp()))
        frame_store.write(part, now, frame, frame_store.Before())
    return Sandbox.objects.values_list("sandbox_id", flat=True).get(pk=1)


@contextmanager
def ticking() -> Iterator[None]:
    """Ticks in a thread of their own until the end; playwright has this one."""
    from benchmarks.push.ticks import Ticks

    ticks, over = Ticks(SANDBOXES), threading.Event()

    def publish() -> None:
        while not over.is_set():
            asyncio.run(ticks.publish(1))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measure(url: str, cookie: str, sandbox_id: str) -> dict[str, Any]:
    """`{"pages": {…}, "live": {…}}`, and the table for people on stderr."""
    from benchmarks.pages.browser import chromium, median_load, stay

    paths = {name: path.format(id=sandbox_id) for name, path in PAGES.items()}
    with chromium() as browser:
        median_load(browser, url, cookie, "/", 1)  # the process's own first request is nobody's
        pages = {name: median_load(browser, url, cookie, path, LOADS) for name, path in paths.items()}
        live = {name: stay(browser, url, cookie, paths[name], MINUTES) for name in LIVE}
    print(f"| {' | '.join(HEAD)} |", file=sys.stderr)
    for name, told in pages.items():
        cells = [told["kb"], told["server_ms"], told["fcp_ms"], told["interactive_ms"], told["longest_task_ms"]]
        print(f"| {name} | {' | '.join(f'{cell:.0f}' for cell in cells)} | {told['shift']:.3f} |", file=sys.stderr)
    return {"sandboxes": SANDBOXES, "minutes": MINUTES, "pages": pages, "live": live}


if __name__ == "__main__":
    main()
