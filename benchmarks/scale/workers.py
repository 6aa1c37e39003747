"""The workers from outside: started, told to tick together, asked what it cost."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """Of the slowest worker the seconds of the clock; of all together CPU; of the biggest its memory."""

    wall_s: float
    cpu_s: float
    rss_mb: float


class Workers:
    """Processes that are ready."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def do(self, what: str) -> Tick:
        """One tick of the whole fleet, `poll` or `bare`, all workers at once."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{what}\n")
            process.stdin.flush()
        told = [json.loads(line_of(process)) for process in self._processes]
        return Tick(
            max(one["wall_s"] for one in told), sum(one["cpu_s"] for one in told), max(one["rss_mb"] for one in told)
        )


@contextmanager
def workers(number: int) -> Iterator[Workers]:
    """So many, each with its share of the parts that are due."""
    command = [sys.executable, "-m", "benchmarks.scale.worker"]
    processes = [
        subprocess.Popen([*command, str(one), str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for one in range(number)
    ]
    try:
        for process in processes:
            line_of(process)
        yield Workers(processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a worker ended before it was asked to")
    return line
