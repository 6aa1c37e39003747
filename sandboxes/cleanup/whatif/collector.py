"""Python's garbage collector while many small things without cycles are made: rarer, never off, whoever runs beside."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# New objects between two rounds: a replay makes a million. What others leave meanwhile is collected a bit later.
RARE: Final = 1_000_000


class RareCollection:
    """Counts who asks for it: the first sets the thresholds up, the last one sets back what the first had found.

    It is the process's: other requests are served meanwhile. A collector that was off would let their garbage grow
    for as long as anybody's replay lasts, and for ever if two that overlap set it back in the wrong order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._before = gc.get_threshold()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
            if self._running == 1:
                self._before = gc.get_threshold()
                gc.set_threshold(max(RARE, self._before[0]), *self._before[1:])
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                if not self._running:
                    gc.set_threshold(*self._before)


rare_collection: Final = RareCollection()
