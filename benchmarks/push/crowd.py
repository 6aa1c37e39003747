"""The browsers from outside: their processes started, told, asked, and their answers put together."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

PROCESSES = 2


@dataclass(frozen=True)
class Seen:
    """What all browsers saw: milliseconds for each frame that one saw, frames that one missed, bytes on the wire."""

    took_ms: list[float]
    skipped: int
    bytes: int
    messages: int
    sample: str

    def quantile_ms(self, share: float) -> float:
        return round(sorted(self.took_ms)[int(len(self.took_ms) * share)], 1)


class Crowd:
    """Browsers that are open."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def tell(self, word: str) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{word}\n")
            process.stdin.flush()

    def end(self, frames: Sequence[float]) -> Seen:
        """Of these frames. Raises RuntimeError when a socket did not stay open."""
        self.tell("end")
        said: list[dict[str, Any]] = [json.loads(_line(process)) for process in self._processes]
        if closed := sum(one["closed"] for one in said):
            raise RuntimeError(f"{closed} browsers lost their socket")
        saw = [{float(at): took for at, took in browser.items()} for one in said for browser in one["saw"]]
        wanted = set(frames)
        took = [took for browser in saw for at, took in browser.items() if at in wanted]
        total = {name: sum(one[name] for one in said) for name in ("bytes", "messages")}
        return Seen(took, len(wanted) * len(saw) - len(took), total["bytes"], total["messages"], said[0]["sample"])


@contextmanager
def crowd(url: str, cookie: str, browsers: int, fleet: int) -> Iterator[Crowd]:
    """So many browsers in processes of their own, each with rows of a fleet; `fleet` 0: nobody tells them anything."""
    host = url.removeprefix("http://")
    cuts = [browsers * number // PROCESSES for number in range(PROCESSES + 1)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.push.browsers", host, cookie, str(first), str(last), str(fleet)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for first, last in itertools.pairwise(cuts)
    ]  # fmt: skip
    try:
        for process in processes:
            assert _line(process) == "open"
        yield Crowd(processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise RuntimeError("a process of browsers ended before it was asked to")
    return line
