"""What was asked of the simulator: a line for each request, so that whoever measures a client need not believe it."""

from pathlib import Path
from typing import TextIO


class RequestLog:
    """Appends to a file, `UNIX_SECONDS METHOD PATH STATUS` a line, each whole as soon as its answer goes out."""

    def __init__(self, path: str) -> None:
        # Open for as long as the simulator runs.
        self._file: TextIO | None = Path(path).open("a", buffering=1, encoding="utf-8") if path else None  # noqa: SIM115

    def note(self, at: float, method: str, path: str, status: int) -> None:
        """One request that was answered at `at` (Unix seconds); nothing where no file was named."""
        if self._file is not None:
            self._file.write(f"{at:.3f} {method} {path.replace(' ', '%20')} {status}\n")
