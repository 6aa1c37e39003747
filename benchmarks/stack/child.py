"""A process of a benchmark's own: started, and stopped as Ctrl-C would, whatever happens in between."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def child(
    command: Sequence[str], *, stop_seconds: float, environment: Mapping[str, str] | None = None, **streams: Any
) -> Iterator["subprocess.Popen[str]"]:
    """Runs `command` (its output as text); killed when it does not stop within `stop_seconds`."""
    given = dict(environment) if environment is not None else None
    process = subprocess.Popen(list(command), text=True, env=given, **streams)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
