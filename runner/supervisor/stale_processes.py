"""Processes of a supervisor that was killed hard: remembered in pid files, ended at the next start."""

import signal
from pathlib import Path

from runner.embedded import proc

MARK = "SANDWARDEN_HOME"  # in the environment of all that we start: tells ours from a stranger with a reused number


def remember(home: Path, name: str, pid: int) -> None:
    """Notes a process that leads its own session, its children included."""
    _file(home, name).write_text(f"{pid}\n")


def forget(home: Path, name: str) -> None:
    """It has ended, and its children with it."""
    _file(home, name).unlink(missing_ok=True)


def members(home: Path, leader: int) -> list[int]:
    """What lives of the session that `leader` began for this data folder, also when the leader itself is gone."""
    mark = f"{MARK}={home}"
    return [pid for pid in proc.pids() if proc.session(pid) == leader and mark in proc.environment(pid)]


def end_all(home: Path, seconds: float = 5) -> list[str]:
    """Ends what earlier runs on this folder left behind; hold its DataLock. Returns the names that were found."""
    found = {}
    for file in sorted((home / "run").glob("*.pid")):
        text = file.read_text().strip()
        living = members(home, int(text)) if text.isdigit() else []
        if living:
            found[file.stem] = living
    proc.see_off([pid for living in found.values() for pid in living], signal.SIGTERM, seconds)
    for file in (home / "run").glob("*.pid"):
        file.unlink()
    return list(found)


def _file(home: Path, name: str) -> Path:
    return home / "run" / f"{name}.pid"
