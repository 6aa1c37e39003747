"""What the terminal shows: each process's lines behind its name, and our own words."""

import sys
from dataclasses import dataclass, field
from typing import TextIO

DIM, RESET = "\x1b[2m", "\x1b[0m"
WIDTH = 9  # of the longest name: simulator, bootstrap


@dataclass(frozen=True)
class Console:
    """Writes whole lines; colours only for a person's terminal."""

    out: TextIO = field(default_factory=lambda: sys.stdout)

    def line(self, name: str, text: str) -> None:
        """One line of a process, its name in front, dim and aligned."""
        before, after = (DIM, RESET) if self.out.isatty() else ("", "")
        self.say(f"{before}{name:<{WIDTH}} │{after} {text}")

    def say(self, text: str) -> None:
        """Our own word about the whole."""
        try:
            print(text, file=self.out, flush=True)
        except OSError:  # the reader of a pipe has left, or the terminal is closed: we still stop in order
            return
