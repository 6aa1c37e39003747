"""The processes of a stack by name: their share of memory (PSS) and the processor time that they have used."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
_MODULES = re.compile(r"runner\.supervisor|simulator|celery")


def below(pid: int) -> list[int]:
    """`pid` and all that descends from it."""
    children = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (parent := _parent(int(entry.name))):
            children[parent].append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children[found[-1]]
    return found


def pss_mb(pid: int) -> float:
    """Its memory, what it shares divided by those who share it; 0 when it has gone."""
    try:
        return int(re.findall(r"^Pss:\s+(\d+)", (PROC / str(pid) / "smaps_rollup").read_text(), re.MULTILINE)[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def cpu_seconds(pid: int) -> float:
    """Processor time, user's and system's, of itself and of its children that ended."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def role(pid: int) -> str:
    """What a process is for, by its command line."""
    words = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    line = " ".join(words)
    if "valkey" in words[0] or "redis-server" in words[0]:
        return "redis"
    if "postgres" in words[0]:
        return "postgres"
    if roles_of := re.search(r"config\.roles ([a-z ]+)", line):
        return roles_of[1].strip().replace(" ", "+")
    module = _MODULES.search(line)
    return module[0] if module else words[0].rsplit("/", 1)[-1]


def roles(pids: list[int]) -> Iterator[tuple[int, str]]:
    """Each process that still lives, with its role."""
    for pid in pids:
        try:
            yield pid, role(pid)
        except OSError:
            continue


def _parent(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0
