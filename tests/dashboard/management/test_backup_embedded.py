"""Backup and restore of the embedded server as typed in a shell: no URL is set, and Sandwarden may run or not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.embedded import Postgres, both
from tests.runner.conftest import ROOT

pytestmark = pytest.mark.full(reason="half a dozen starts of the servers and of Django")


def manage(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """As an operator types it, with DATA_DIR alone."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env={**environment, "DATA_DIR": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_embedded_server_is_backed_up_and_restored_while_stopped_or_running(tmp_path: Path) -> None:
    home, file = tmp_path / "data", tmp_path / "backup.tar"
    with both(home, durable=False):
        assert manage(home, "migrate", "--verbosity", "0").returncode == 0
        assert manage(home, "backup", str(file)).returncode == 0
    file.unlink()
    stopped = manage(home, "backup", str(file))
    assert stopped.returncode == 0, stopped.stderr
    assert not (home / "postgres" / "postmaster.pid").exists(), "the server is stopped again"
    assert "not empty" in manage(home, "restore", str(file)).stderr
    restored = manage(home, "restore", str(file), "--replace")
    assert restored.returncode == 0, restored.stderr
    with both(home, durable=False):
        assert Postgres(home).query("SELECT count(*) FROM sandboxes_freeze") == "1\n"
        again = manage(home, "restore", str(file), "--replace")
        assert again.returncode == 0, again.stderr
