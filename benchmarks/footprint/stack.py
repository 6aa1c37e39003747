"""The stack as `make run` starts it, with everything as it is shipped, timed until a page is served."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.reap.stack import KEY, SECRET, START_SECONDS, STOP_SECONDS, TOKEN
from benchmarks.stack.child import child


@contextmanager
def stack(home: Path, port: int, url: str) -> Iterator["subprocess.Popen[str]"]:
    """The supervisor's process; its lines go to a file beside `home`."""
    environment = {
        **os.environ, "DATA_DIR": str(home), "PORT": str(port), "E2B_API_KEY": KEY, "E2B_API_URL": url,
        "E2B_WEBHOOK_SECRET": SECRET, "SANDWARDEN_API_TOKEN": TOKEN, "SANDWARDEN_ADMIN_PASSWORD": TOKEN,
    }  # fmt: skip
    with (home.parent / "stack.log").open("a") as output:
        command = [sys.executable, "-m", "runner.supervisor"]
        with child(
            command, stop_seconds=STOP_SECONDS, environment=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            yield process


def served(port: int) -> float:
    """Seconds from now until the sign-in page is served."""
    began = time.monotonic()
    while time.monotonic() - began < START_SECONDS:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/login/", trust_env=False, timeout=5).status_code == 200:
                return time.monotonic() - began
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("no page was served")
