"""Processes as Linux shows them under /proc: which live, whose they are, and how to see them off."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def pids() -> Iterator[int]:
    """Every process we can see, ourselves included."""
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def is_alive(pid: int) -> bool:
    """False once it is gone or only waits for its parent to read its exit code (a zombie)."""
    state = _stat(pid)
    return bool(state) and state[0] not in {"Z", "X"}


def session(pid: int) -> int:
    """The session it belongs to (the pid of that session's first process); 0 when it is gone."""
    state = _stat(pid)
    return int(state[3]) if state else 0


def parent(pid: int) -> int:
    """Who started it, or took it over; 0 when it is gone."""
    state = _stat(pid)
    return int(state[1]) if state else 0


def executable(pid: int) -> str:
    """The file it runs, also when that file was replaced since; empty when gone or not ours to see."""
    return _link(pid, "exe").removesuffix(" (deleted)")


def folder(pid: int) -> str:
    """Its working folder; empty when gone or not ours to see."""
    return _link(pid, "cwd")


def environment(pid: int) -> list[str]:
    """The NAME=value pairs it was started with; empty when gone or not ours to see."""
    try:
        return (PROC / str(pid) / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Looks every 20 ms; whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def see_off(targets: Iterable[int], ask: signal.Signals, seconds: float) -> bool:
    """Asks the processes to end, waits, and kills what is still there; whether all are gone."""
    targets = list(targets)
    _send(targets, ask)
    if wait_until(lambda: not any(map(is_alive, targets)), seconds):
        return True
    _send(targets, signal.SIGKILL)
    return wait_until(lambda: not any(map(is_alive, targets)), 5)


def _send(targets: list[int], number: signal.Signals) -> None:
    for pid in filter(is_alive, targets):
        with suppress(ProcessLookupError):  # it went between the look and the signal
            os.kill(pid, number)


def _link(pid: int, name: str) -> str:
    try:
        return str((PROC / str(pid) / name).readlink())
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """Its stat line from the third field (state) on: the name before it may hold any character."""
    try:
        return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
