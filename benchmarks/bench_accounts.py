"""Ten accounts beside one with as many sandboxes: how long a poll of all takes, the pages, and the memory.

`make bench-accounts`. ACCOUNTS (10) of EACH (5,000) sandboxes, each with a simulator of its own; then one account of
as many, on the same database and machine. WORKERS (2), ROUNDS (3) polls and LOADS (5) of each page that count. The last
line is one JSON object; read the ratios.
"""

import json
import os
import sys
import time
from contextlib import ExitStack
from statistics import median
from typing import Any

import httpx

from benchmarks.bench_push import sign_in
from benchmarks.ingest.servers import running, uvicorn
from benchmarks.stack.simulated import simulator
from benchmarks.stack.standing import folder, standing
from runner import assets

ACCOUNTS = int(os.environ.get("ACCOUNTS", "10"))
EACH = int(os.environ.get("EACH", "5000"))
WORKERS = int(os.environ.get("WORKERS", "2"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
LOADS = int(os.environ.get("LOADS", "5"))
TICK_SECONDS = 5.0
STILL = ("--births-per-minute", "0", "--past-hours", "0", "--rate-limit", "1000000")
PAGES = {
    "fleet": "/", "needs": "/fleet/needs/", "charts": "/fleet/charts/", "sandboxes": "/sandboxes/",
    "facets": "/table/facets/", "events": "/events/", "cleanup": "/cleanup/", "cost": "/cost/",
    "accounts": "/settings/accounts/", "one of them": "/?account=bench",
}  # fmt: skip


def main() -> None:
    """Both, one after the other."""
    with folder() as home:
        assets.install(home)
        with standing(home, SECRET_KEY="only-of-a-benchmark", POLL_INTERVAL="5"):
            from django.core.management import call_command

            call_command("collectstatic", interactive=False, verbosity=0)
            cookie = sign_in()
            several = of_accounts(ACCOUNTS, EACH, cookie)
            single = of_accounts(1, ACCOUNTS * EACH, cookie)
    print(json.dumps({"several": several, "one": single, "ratio": ratio(several, single)}))


def of_accounts(number: int, each: int, cookie: str) -> dict[str, Any]:
    """The figures of so many accounts."""
    from benchmarks.poll.cycles import resident_mb
    from benchmarks.scale import record

    with ExitStack() as stack:
        seeds = [("--seed", str(one)) for one in range(number)]
        urls = [stack.enter_context(simulator(each, *seed, *STILL)) for seed in seeds]
        found: dict[str, Any] = {"accounts": number, "sandboxes": record.write_all(urls), **polled()}
        url, pid = stack.enter_context(running(uvicorn("config.asgi:application")))
        found["pages_ms"] = loaded(url, cookie)
        found["web_rss_mb"] = resident_mb(pid)
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def polled() -> dict[str, Any]:
    """A poll of all accounts, by all workers together; the first one warms up."""
    from benchmarks.scale.workers import workers

    ticks = []
    with workers(WORKERS) as crew:
        for _ in range(ROUNDS + 1):
            begun = time.monotonic()
            ticks.append(crew.do("poll"))
            time.sleep(max(0.0, begun + TICK_SECONDS - time.monotonic()))
    counted = ticks[1:]
    return {
        "poll_s": round(median(one.wall_s for one in counted), 2),
        "poll_cpu_s": round(median(one.cpu_s for one in counted), 2),
        "worker_rss_mb": max(one.rss_mb for one in counted),
    }


def loaded(url: str, cookie: str) -> dict[str, float]:
    """Milliseconds until each page is there, whole; the first load of each is nobody's."""
    found = {}
    with httpx.Client(base_url=url, cookies={"sessionid": cookie}, timeout=120, trust_env=False) as client:
        for name, path in PAGES.items():
            took = []
            for _ in range(LOADS + 1):
                begun = time.perf_counter()
                client.get(path).raise_for_status()
                took.append(time.perf_counter() - begun)
            found[name] = round(median(took[1:]) * 1000, 1)
    return found


def ratio(several: dict[str, Any], single: dict[str, Any]) -> dict[str, Any]:
    """Several accounts against one: above 1 they cost more."""
    plain = {name: round(several[name] / single[name], 2) for name in ("poll_s", "poll_cpu_s", "web_rss_mb")}
    pages = {name: round(ms / single["pages_ms"][name], 2) for name, ms in several["pages_ms"].items()}
    return {**plain, "pages": pages}


if __name__ == "__main__":
    main()
