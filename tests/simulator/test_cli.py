"""The official CLI (`@e2b/cli` from npm) against the simulator."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator import DEFAULT_API_KEY, WallClock
from simulator.served import Served

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "node_modules" / "@e2b" / "cli"
Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def cli(e2b: Served, tmp_path: Path) -> Cli:
    """Runs one CLI command with a home of its own."""
    node = Path(sys.executable).parent / "node"
    if not (PACKAGE / "package.json").exists() or not node.exists():
        pytest.fail("The E2B CLI is not installed: run `make test` once, which sets up node and node_modules.")
    entry = PACKAGE / json.loads((PACKAGE / "package.json").read_text())["bin"]["e2b"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
        "E2B_API_KEY": DEFAULT_API_KEY,
        "E2B_API_URL": e2b.url,
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [node, entry, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    return run


def _created(cli: Cli) -> str:
    done = cli("sandbox", "create", "-d", "base")
    found = re.search(r"\bi[a-z0-9]{20}\b", done.stdout)
    assert done.returncode == 0, done.stderr
    assert found is not None, done.stdout
    return found.group()


def test_a_sandbox_from_create_to_the_second_kill(cli: Cli, e2b: Served) -> None:
    sandbox_id = _created(cli)
    assert sandbox_id in cli("sandbox", "list").stdout
    info = json.loads(cli("sandbox", "info", sandbox_id, "--format", "json").stdout)
    assert (info["state"], info["name"]) == ("running", "base")
    assert "has been paused" in cli("sandbox", "pause", sandbox_id).stdout
    assert e2b.simulator.sandbox(sandbox_id).state == "paused"
    assert "already paused" in cli("sandbox", "pause", sandbox_id).stdout
    assert sandbox_id in cli("sandbox", "list", "--state", "paused").stdout
    assert "has been resumed" in cli("sandbox", "resume", sandbox_id).stdout
    assert e2b.simulator.sandbox(sandbox_id).state == "running"
    assert "has been killed" in cli("sandbox", "kill", sandbox_id).stdout
    again = cli("sandbox", "kill", sandbox_id)
    assert "wasn't found" in again.stdout + again.stderr


def test_metrics_and_logs_are_read(cli: Cli, e2b: Served) -> None:
    sandbox = e2b.simulator.create("node-22", timeout=3600)
    with e2b.simulator.lock:
        sandbox.run.started -= 120
    metrics = cli("sandbox", "metrics", sandbox.id, "--format", "json")
    assert "cpuUsedPct" in metrics.stdout, metrics.stderr
    logs = cli("sandbox", "logs", sandbox.id)
    assert "sandbox started" in logs.stdout, logs.stderr


def test_the_templates_are_listed(cli: Cli) -> None:
    assert "code-interpreter-v1" in cli("template", "list").stdout
