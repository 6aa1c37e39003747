"""A backend for a benchmark: the simulator in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.stack.child import child

STOP_SECONDS = 10.0


@contextmanager
def simulator(sandboxes: int, *options: str) -> Iterator[str]:
    """Its address, once it serves `sandboxes`; `options` as its command line takes them. Raises RuntimeError."""
    command = [sys.executable, "-m", "simulator", "--sandboxes", str(sandboxes), *options]
    with child(command, stop_seconds=STOP_SECONDS, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()  # simulator ready on URL with N sandboxes
        if len(words) < 4:
            raise RuntimeError("the simulator did not start")
        yield words[3]
