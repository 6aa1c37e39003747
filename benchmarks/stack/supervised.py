"""The stack as `make run` starts it, which watches a backend with the benchmark's own key."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.stack.child import child

TOKEN, SECRET = "only-of-a-benchmark", "secret-of-a-benchmark"
KEY = "e2b_" + "0" * 40
START_SECONDS, STOP_SECONDS = 180.0, 20.0


def free_port() -> int:
    """A port on the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def supervised(home: Path, port: int, url: str, **more: str) -> Iterator["subprocess.Popen[str]"]:
    """The supervisor's process, with its data in `home`; its lines go to `stack.log` beside it."""
    environment = {
        **os.environ, "DATA_DIR": str(home), "PORT": str(port), "E2B_API_KEY": KEY, "E2B_API_URL": url,
        "E2B_WEBHOOK_SECRET": SECRET, "SANDWARDEN_API_TOKEN": TOKEN, "SANDWARDEN_ADMIN_PASSWORD": TOKEN, **more,
    }  # fmt: skip
    with (home.parent / "stack.log").open("a") as output:
        command = [sys.executable, "-m", "runner.supervisor"]
        streams = {"stdout": output, "stderr": subprocess.STDOUT}
        with child(command, stop_seconds=STOP_SECONDS, environment=environment, **streams) as process:
            yield process
