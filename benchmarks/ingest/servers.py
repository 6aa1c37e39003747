"""Starts one server at a time, waits until it answers, and loads it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent
START_SECONDS = 60
SOCKETS = ("--ws", "websockets-sansio")
LOOPS = ("--loop", "uvloop", "--http", "httptools", "--lifespan", "on", "--no-access-log", "--log-level", "warning")


def uvicorn(app: str) -> list[str]:
    """As the supervisor serves the web process."""
    return [sys.executable, "-m", "uvicorn", app, "--port", "{port}", *LOOPS, *SOCKETS]


PLAIN = {
    "gunicorn": [
        sys.executable, "-m", "gunicorn", "benchmarks.ingest.plain:application", "-b", "127.0.0.1:{port}",
        "-k", "gthread", "-w", "2", "--threads", "8", "--log-level", "warning", "--keep-alive", "30",
    ],
    "granian": [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--port", "{port}", "--workers", "2",
        "--blocking-threads", "4", "--no-log", "benchmarks.ingest.plain:application",
    ],
}  # fmt: skip


@contextmanager
def serving(command: list[str]) -> Iterator[str]:
    """The address of a server run by `command`, stopped with all its children at the end."""
    with running(command) as (url, _):
        yield url


@contextmanager
def running(command: list[str]) -> Iterator[tuple[str, int]]:
    """The same with the number of its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [word.format(port=port) for word in command]
    process = subprocess.Popen(words, env=os.environ | {"LOG_LEVEL": "WARNING"}, start_new_session=True)
    try:
        _wait(f"http://127.0.0.1:{port}/", process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            httpx.get(url, timeout=2, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not answer")


def load(url: str, bodies: Path, *, seconds: int, connections: int) -> dict[str, Any]:
    """wrk's figures for POSTs to `url`; `bad` are answers other than 2xx."""
    script = ["-s", str(HERE / "load.lua"), f"{url}/webhooks/e2b/", "--", str(bodies)]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", *script]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 120).stdout
    found: dict[str, Any] = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    return found | {"per_s": found["requests"] / found["seconds"]}
