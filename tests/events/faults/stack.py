"""A stack of its own that tests may break: PostgreSQL that keeps what it says it kept, Redis, and web processes."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from runner.embedded import Postgres, Redis, Running, addresses, proc, start

ROOT = Path(__file__).resolve().parents[3]
SERVER = ("--loop", "uvloop", "--http", "httptools", "--lifespan", "on", "--no-access-log", "--log-level", "warning")
START_SECONDS = 60
# A file system of a few megabytes that only the server sees; it goes with it.
SMALL_DISK = 'mount -t tmpfs -o size="$1" tmpfs "$0" && shift && exec "$@"'
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL_DISK)


@dataclass(frozen=True)
class OnASmallDisk(Postgres):
    """PostgreSQL with a small disk mounted at `home/small`, for a tablespace there that can fill up."""

    size: str = "6m"

    def command(self) -> list[str]:
        """The server's command in a mount namespace."""
        words = super().command()
        inner = words if "--map-user=1000" in words else ["unshare", "--user", "--map-user=1000", *words]
        return [*NAMESPACE, str(self.home / "small"), self.size, *inner]

    @staticmethod
    def possible(place: Path) -> bool:
        """Whether this machine lets us mount one."""
        place.mkdir(exist_ok=True)
        return subprocess.run([*NAMESPACE, str(place), "1m", "true"], capture_output=True, check=False).returncode == 0


@dataclass
class Web:
    """A web process as the supervisor runs it."""

    port: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """As the kernel does it when memory is out: no word before."""
        self.process.kill()
        self.process.wait()


@dataclass
class Stack:
    """All of it; `start` it, break it, `stop` it."""

    home: Path
    small_disk: bool = False
    webs: list[Web] = field(default_factory=list)

    def start(self) -> None:
        """The servers, and a database with its tables and the account `prod`."""
        self.small_disk = OnASmallDisk.possible(self.home / "small")
        self.start_postgres()
        self.start_redis()
        prepared = [sys.executable, "-m", "tests.events.faults.prepare"]
        subprocess.run(prepared, cwd=ROOT, env=self.environment, check=True)

    def start_postgres(self) -> None:
        """Again too, after it was killed."""
        self.postgres: Running = start((OnASmallDisk if self.small_disk else Postgres)(self.home))

    def start_redis(self) -> None:
        """Again too, after it was killed."""
        self.redis: Running = start(Redis(self.home))

    @property
    def environment(self) -> dict[str, str]:
        """What its web processes are started with."""
        ours = addresses(self.postgres.server.url, self.redis.server.url)
        quiet = {"LOG_LEVEL": "CRITICAL", "SECRET_KEY": "of the tests that break things", "PYTHONPATH": str(ROOT)}
        return {**os.environ, **ours, **quiet, "DATA_DIR": str(self.home), "DJANGO_SETTINGS_MODULE": "config.settings"}

    def start_webs(self, count: int = 1) -> list[Web]:
        """So many more, once each answers."""
        made = [self._web() for _ in range(count)]
        self.webs += made
        for web in made:
            assert proc.wait_until(partial(_answers, web.port), START_SECONDS), "a web process did not start"
        return made

    def stop_webs(self) -> None:
        """All of them."""
        proc.see_off([web.process.pid for web in self.webs if web.process.poll() is None], signal.SIGTERM, 10)
        for web in self.webs:
            web.process.wait()
        self.webs.clear()

    def stop(self) -> None:
        """Everything."""
        self.stop_webs()
        self.redis.stop()
        self.postgres.stop()

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows that the database answers; each statement is a transaction of its own."""
        with psycopg.connect(self.postgres.server.url, autocommit=True) as connection:
            found = connection.execute(sql, values)
            return found.fetchall() if found.description else []

    def _web(self) -> Web:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        words = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), *SERVER]
        process = subprocess.Popen(words, cwd=ROOT, env=self.environment, start_new_session=True)
        return Web(port, process)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/webhooks/e2b/", timeout=5)
    except urllib.error.HTTPError:
        return True  # 405: deliveries are POSTed
    except OSError:
        return False
    return True
