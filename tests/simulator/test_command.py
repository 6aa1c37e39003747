"""`python -m simulator`: the ready line, the port, the webhook at the start, and a clean end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from simulator.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
KEY = "e2b_" + "a" * 40


@contextmanager
def _running(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--api-key", KEY, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("simulator ready on http://"), process.communicate(timeout=10)
        yield process, line.split()[3]
    finally:
        process.kill()
        process.communicate()


def test_one_line_tells_that_it_is_ready_and_where() -> None:
    with _running("--sandboxes", "20", "--births-per-minute", "1", "--base-path", "/e2b/api") as (process, url):
        answer = httpx.get(f"{url}/v2/sandboxes", headers={"X-API-Key": KEY}, trust_env=False)
        assert answer.status_code == 200
        assert len(answer.json()) > 10
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")


def test_a_webhook_is_registered_at_the_start() -> None:
    arguments = ("--sandboxes", "0", "--births-per-minute", "0", "--webhook-url", "http://127.0.0.1:9/hook")
    with _running(*arguments, "--webhook-secret", "s") as (_, url):
        (webhook,) = httpx.get(f"{url}/events/webhooks", headers={"X-API-Key": KEY}, trust_env=False).json()
        assert webhook["url"] == "http://127.0.0.1:9/hook"
        assert len(webhook["events"]) == 6


def test_a_port_in_use_is_a_clear_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--port", port, "--sandboxes", "0", "--births-per-minute", "0"]) == 2
    told = capsys.readouterr().err
    assert f"cannot start on 127.0.0.1:{port}" in told


def test_faults_that_make_no_sense_are_a_clear_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sandboxes", "0", "--faults", "chaos"]) == 2
    assert "faults are written like" in capsys.readouterr().err


def test_each_request_is_a_line_in_the_log_that_was_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "requests"
    with _running("--sandboxes", "0", "--births-per-minute", "0", "--request-log", str(log)) as (_, url):
        for method, path in (("GET", "/v2/sandboxes"), ("DELETE", "/sandboxes/iabc")):
            httpx.request(method, f"{url}{path}", headers={"X-API-Key": KEY}, trust_env=False)
    lines = [line.split()[1:] for line in log.read_text().splitlines()]
    assert lines == [["GET", "/v2/sandboxes", "200"], ["DELETE", "/sandboxes/iabc", "404"]]
