"""The stack as `make run` starts it, and the backend it watches, each in processes of their own."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from benchmarks.stack.simulated import simulator
from benchmarks.stack.supervised import KEY, SECRET, START_SECONDS, TOKEN, supervised

DAY_HOURS = 24
MOST_ACTS = 1_000_000


def backend(sandboxes: int, webhook_port: int, log: Path) -> AbstractContextManager[str]:
    """The simulator's address: E2B's own rate limit, a past of a day, nothing new is born; every request in `log`."""
    options = {
        "--births-per-minute": "0", "--past-hours": str(DAY_HOURS), "--api-key": KEY,
        "--webhook-url": f"http://127.0.0.1:{webhook_port}/webhooks/e2b/", "--webhook-secret": SECRET,
        "--request-log": str(log),
    }  # fmt: skip
    return simulator(sandboxes, *(word for pair in options.items() for word in pair))


@contextmanager
def stack(home: Path, port: int, url: str) -> Iterator[httpx.Client]:
    """A REST client of a Sandwarden that is up. It polls next to no metrics: they are not in question."""
    with supervised(home, port, url, POLL_INTERVAL="300", LOG_LEVEL="ERROR") as process:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        address = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=120, trust_env=False) as client:
            _until_ready(process, address, home.parent / "stack.log")
            _unbrake(address)
            yield client


def _unbrake(address: str) -> None:
    """What is measured is not the account's brake: an admin raises it far out of reach, on the page where people do."""
    with httpx.Client(base_url=address, timeout=60, trust_env=False, follow_redirects=True) as browser:
        browser.get("/login/").raise_for_status()
        for path, form in (
            ("/login/", {"username": "admin", "password": TOKEN}),
            ("/settings/account/", {"brake_per_hour": str(MOST_ACTS), "brake_per_day": str(MOST_ACTS)}),
        ):
            token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            browser.post(path, data=form | token).raise_for_status()


def _until_ready(process: "subprocess.Popen[str]", address: str, told: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{address}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
            continue
        time.sleep(0.5)
    raise RuntimeError(f"Sandwarden did not start: {told.read_text()[-2000:]}")
