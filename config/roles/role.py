"""What a role is that runs beside a process's main thread: a thread of its own, and a flag when it has ended."""

import threading
from abc import ABC, abstractmethod


class Role(ABC):
    """Subclasses give `work`, which returns or raises when the role is over, and `stop`, which has it return."""

    def __init__(self, name: str) -> None:
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins, in a thread of its own."""
        self.thread.start()

    @abstractmethod
    def work(self) -> None:
        """The role itself."""

    @abstractmethod
    def stop(self) -> None:
        """Begins nothing new; returns when what was begun is done."""

    def _run(self) -> None:
        try:
            self.work()
        finally:
            self.ended.set()
