"""Starts an embedded server and stops it again, for a test run or one command (the supervisor has its own loop)."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runner.embedded import proc
from runner.embedded.errors import StartError
from runner.embedded.lock import DataLock
from runner.embedded.postgres import Postgres
from runner.embedded.redis import Redis
from runner.embedded.urls import addresses

START_SECONDS = 60  # PostgreSQL may have to replay its log after a crash
STOP_SECONDS = 8


class Server(Protocol):
    """What can be started: Postgres or Redis."""

    @property
    def name(self) -> str: ...
    @property
    def home(self) -> Path: ...
    @property
    def url(self) -> str: ...
    @property
    def stop_signal(self) -> signal.Signals: ...
    def prepare(self) -> None: ...
    def command(self) -> list[str]: ...
    def answers(self, pid: int) -> bool: ...


@dataclass(frozen=True)
class Running:
    """A server that answers; `stop` ends it."""

    server: Server
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Ends it in order, or by force after 8 s; done when it is gone."""
        self.process.send_signal(self.server.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(server: Server) -> Running:
    """Starts it with its log in `home/log/` and returns once it answers.

    Call it from the main thread: the server ends when the thread that started it does. Raises StartError with the
    log's last line when it dies, or takes over a minute.
    """
    server.prepare()
    log = server.home / "log" / f"{server.name}.log"
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            server.command(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,  # a Ctrl-C in the terminal is for us alone; we stop it in our own order
        )
    running = Running(server, process)
    proc.wait_until(lambda: process.poll() is not None or server.answers(process.pid), START_SECONDS)
    if process.poll() is not None or not server.answers(process.pid):
        running.stop()
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise StartError(f"{server.name} did not start: {' '.join(last) or 'no output'} (all of it in {log})")
    return running


@contextmanager
def both(home: Path, *, durable: bool = True) -> Iterator[Mapping[str, str]]:
    """PostgreSQL and Redis on `home` while the block runs; gives the variables that point at them.

    Raises StartError when another Sandwarden has the folder or a server does not start.
    """
    with ExitStack() as stack:
        stack.enter_context(DataLock(home))
        postgres = start(Postgres(home, durable))
        stack.callback(postgres.stop)
        redis = start(Redis(home))
        stack.callback(redis.stop)
        yield addresses(postgres.server.url, redis.server.url)
