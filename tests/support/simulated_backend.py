"""A simulated E2B in a process of its own, which sends its webhooks to a port of ours: for tests of whole processes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.runner.conftest import ROOT

KEY, SECRET = "e2b_" + "0" * 40, "secret-of-a-test"


@contextmanager
def simulated(port: int, *, sandboxes: int, births_per_minute: int, past_hours: int) -> Iterator[httpx.Client]:
    """A client of its API while the block runs."""
    options = {
        "--sandboxes": str(sandboxes), "--births-per-minute": str(births_per_minute), "--past-hours": str(past_hours),
        "--api-key": KEY, "--webhook-url": f"http://127.0.0.1:{port}/webhooks/e2b/", "--webhook-secret": SECRET,
    }  # fmt: skip
    command = [sys.executable, "-m", "simulator", *(word for pair in options.items() for word in pair)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[3]
        try:
            with httpx.Client(base_url=url, headers={"X-API-Key": KEY}, trust_env=False, timeout=30) as client:
                yield client
        finally:
            process.terminate()


def events(backend: httpx.Client, since: str = "", until: str = "9999") -> set[str]:
    """IDs of the backend's own record of events in that span."""
    found: set[str] = set()
    for offset in range(0, 100_000, 100):
        page = backend.get("/events/sandboxes", params={"limit": 100, "offset": offset}).raise_for_status().json()
        found |= {one["id"] for one in page if since <= one["timestamp"] <= until}
        if not page or page[-1]["timestamp"] < since:
            break
    return found
