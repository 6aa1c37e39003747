"""The stack as `make run` starts it, and the backend it watches, each in processes of their own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.stack.child import child

TOKEN, SECRET = "only-of-a-benchmark", "secret-of-a-benchmark"
KEY = "e2b_" + "0" * 40
START_SECONDS, STOP_SECONDS = 180.0, 20.0
DAY_HOURS = 24
MOST_ACTS = 1_000_000


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def backend(sandboxes: int, webhook_port: int, log: Path) -> Iterator[str]:
    """The simulator's address: E2B's own rate limit, a past of a day, nothing new is born; every request in `log`."""
    options = {
        "--sandboxes": str(sandboxes), "--births-per-minute": "0", "--past-hours": str(DAY_HOURS), "--api-key": KEY,
        "--webhook-url": f"http://127.0.0.1:{webhook_port}/webhooks/e2b/", "--webhook-secret": SECRET,
        "--request-log": str(log),
    }  # fmt: skip
    command = [sys.executable, "-m", "simulator", *(word for pair in options.items() for word in pair)]
    with child(command, stop_seconds=STOP_SECONDS, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()  # simulator ready on URL with N sandboxes
        if len(words) < 4:
            raise RuntimeError("the simulator did not start")
        yield words[3]


@contextmanager
def stack(home: Path, port: int, url: str) -> Iterator[httpx.Client]:
    """A REST client of a Sandwarden that is up. It polls next to no metrics: they are not in question."""
    environment = {
        "DATA_DIR": str(home), "PORT": str(port), "E2B_API_KEY": KEY, "E2B_API_URL": url,
        "E2B_WEBHOOK_SECRET": SECRET, "SANDWARDEN_API_TOKEN": TOKEN, "SANDWARDEN_ADMIN_PASSWORD": TOKEN,
        "POLL_INTERVAL": "300", "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    told = home.parent / "stack.log"
    with told.open("w") as output:
        command = [sys.executable, "-m", "runner.supervisor"]
        whole = {**os.environ, **environment}
        with child(
            command, stop_seconds=STOP_SECONDS, environment=whole, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            address = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=120, trust_env=False) as client:
                _until_ready(process, address, told)
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
