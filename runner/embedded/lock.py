"""One Sandwarden per data folder: a lock that the kernel drops with its holder, however that one dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from runner.embedded.errors import StartError


class DataLock:
    """Holds DATA_DIR for this process while it is open.

    The lock file may stay behind after a crash: only the kernel's lock on it counts, never its presence.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "run" / "lock"
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Raises StartError, naming the other process, when another Sandwarden has this folder."""
        self.path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode().strip() or "unknown"
            os.close(descriptor)
            raise StartError(
                f"Another Sandwarden (process {holder}) is running on {self.path.parent.parent}: "
                "stop it first, or choose another folder with DATA_DIR=… and another PORT=…"
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
