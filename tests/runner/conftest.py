"""A supervisor as a person has it: a process of its own, on a data folder of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.embedded import proc
from runner.supervisor.stale_processes import MARK

ROOT = Path(__file__).resolve().parents[2]
NOT_FOR_IT = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def free_port() -> int:
    """As `a_free_port`."""
    return a_free_port()


def a_free_port() -> int:
    """A port on the loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Supervised:
    """Starts tests/runner/small_stack.py, or another program, and looks at what it says and does."""

    home: Path
    port: int
    program: tuple[str, ...] = (str(ROOT / "tests/runner/small_stack.py"),)
    runs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.home.with_name("output.txt")

    def start(self, **variables: str) -> subprocess.Popen[bytes]:
        """Starts it; its output of this run alone is in `log`."""
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_FOR_IT}
        chosen = {"DATA_DIR": str(self.home), "PORT": str(self.port), "E2B_API_URL": "http://127.0.0.1:9", **variables}
        with self.log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *self.program],
                cwd=ROOT,
                env={**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **chosen},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.runs.append(process)
        return process

    def hears(self, words: str, seconds: float = 60) -> str:
        """All it said, once that holds `words`; fails when they don't come."""
        found = proc.wait_until(lambda: words in self.said() or self.runs[-1].poll() is not None, seconds)
        assert found, f"waited {seconds} s for {words!r}, heard:\n{self.said()}"
        assert words in self.said(), f"it ended without {words!r}:\n{self.said()}"
        return self.said()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def pid_of(self, name: str) -> int:
        """The process that it runs as `name`; 0 when there is none."""
        file = self.home / "run" / f"{name}.pid"
        return int(file.read_text() or 0) if file.exists() else 0

    def living(self) -> list[int]:
        """Every process of this data folder, children of children included, but the supervisor."""
        mark = f"{MARK}={self.home}"
        cluster = str(self.home / "postgres")
        return [
            pid
            for pid in proc.pids()
            if proc.is_alive(pid) and (mark in proc.environment(pid) or proc.folder(pid) == cluster)
        ]


@pytest.fixture
def supervised(home: Path, free_port: int) -> Iterator[Supervised]:
    """Nothing of it is left after the test, whatever happened in it."""
    yield from watched(Supervised(home, free_port))


@pytest.fixture
def whole_stack(home: Path, free_port: int) -> Iterator[Supervised]:
    """As `supervised`, with every real process: what `make run` runs."""
    yield from watched(Supervised(home, free_port, ("-m", "runner.supervisor")))


def watched(whole: Supervised) -> Iterator[Supervised]:
    """Nothing of it is left at the end."""
    yield whole
    proc.see_off([run.pid for run in whole.runs if run.poll() is None], signal.SIGTERM, 15)
    for run in whole.runs:
        run.wait(5)
    proc.see_off(whole.living(), signal.SIGKILL, 5)
