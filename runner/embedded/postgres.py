"""The embedded PostgreSQL: creates its cluster, says how to start it, and cleans up after a hard kill."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from runner.embedded import proc, sockets
from runner.embedded.errors import StartError
from runner.embedded.identity import Identity, find

NAME = "sandwarden"  # of the user and of the database
FIRST_SETTINGS = {  # written into postgresql.conf once: yours to change afterwards
    "shared_buffers": "256MB",
    "max_connections": "100",
    "work_mem": "8MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# With glibc's moving limits a connection keeps what its largest statement took, up to 80 MB, for as long as it lives.
RETURNING = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
HASTY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


@dataclass(frozen=True)
class Postgres:
    """A cluster in `home/postgres`, reached by a Unix socket alone; hold the folder's DataLock while it runs.

    `durable=False` trades safety for speed and is for tests only.
    """

    home: Path
    durable: bool = True
    name: ClassVar[str] = "postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # fast shutdown: no waiting for clients

    @cached_property
    def identity(self) -> Identity:
        """As whom it runs and where its files are; `home` is created when it is not there."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return find(self.home)

    @property
    def url(self) -> str:
        """DATABASE_URL for this cluster."""
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self.identity.sockets))}"

    def prepare(self) -> None:
        """Leaves a cluster that can be started: creates it the first time, clears what a crash left behind.

        Raises StartError when it can't be created, or belongs to another version.
        """
        if self.identity.cluster.is_relative_to(self.home):  # else the folders are the other user's, and there
            sockets.make_private(self.identity.sockets)
        if not self.identity.cluster.exists():
            self._create()
        self._check_version()
        self._clear_leftovers()

    def command(self) -> list[str]:
        """The server in the foreground, with what must hold at every start."""
        must = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.identity.sockets),
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
            "client_connection_check_interval": "5s",  # a killed worker's long query ends with it
            "log_min_error_statement": "panic",  # statements are long, and hold what is nobody's business
            **({} if self.durable else HASTY_SETTINGS),
        }
        server = [str(self.identity.binaries / "postgres"), "-D", str(self.identity.cluster)]
        sparing = ["env", *map("=".join, RETURNING.items())]
        options = [word for pair in must.items() for word in ("-c", "=".join(pair))]
        return [*sparing, *self.identity.prefix, *server, *options]

    def answers(self, pid: int) -> bool:
        """Whether the server that runs as `pid` takes connections: line 8 of its pid file, as pg_ctl reads it."""
        lines = self._pid_file()
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def query(self, sql: str) -> str | None:
        """What psql answers to a script, rows as lines, columns with `|`; None when the server said no."""
        command = [str(self.identity.binaries / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url]
        asked = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=10, check=False)
        return asked.stdout if asked.returncode == 0 else None

    def _create(self) -> None:
        fresh = self.identity.cluster.with_name("postgres.new")  # renamed when whole: a crash leaves no half cluster
        shutil.rmtree(fresh, ignore_errors=True)
        settings = [word for pair in FIRST_SETTINGS.items() for word in ("-c", "=".join(pair))]
        place = ["-D", str(fresh), "-U", NAME, "--auth=trust"]  # whoever can open the socket's folder is us
        locale = ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(["initdb", *place, *locale, *settings, *([] if self.durable else ["--no-sync"])])
        self._run(["postgres", "--single", "-D", str(fresh), "postgres"], f"CREATE DATABASE {NAME}\n")
        fresh.rename(self.identity.cluster)

    def _run(self, words: list[str], said: str = "") -> None:
        program = str(self.identity.binaries / words[0])
        command = [*self.identity.prefix, program, *words[1:]]
        done = subprocess.run(command, input=said, capture_output=True, text=True, cwd="/", check=False)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise StartError(f"PostgreSQL could not create its files in {self.identity.cluster}: {' '.join(last)}")

    def _check_version(self) -> None:
        held = (self.identity.cluster / "PG_VERSION").read_text().strip()
        ours = subprocess.run(
            [str(self.identity.binaries / "postgres"), "-V"], capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        if held != ours.split(".")[0]:
            raise StartError(
                f"{self.identity.cluster} was written by PostgreSQL {held}, and this is {ours}: move it over with "
                "pg_dumpall of the old version, or choose another DATA_DIR"
            )

    def _clear_leftovers(self) -> None:
        """Ends servers that outlived a killed supervisor; drops a pid file whose number is now a stranger's."""
        left = [pid for pid in proc.pids() if self._serves_this(pid)]
        if left and not proc.see_off(left, self.stop_signal, 10):
            raise StartError(f"An old PostgreSQL (process {left[0]}) on {self.identity.cluster} does not stop")
        lines = self._pid_file()
        if lines and lines[0].isdigit() and proc.is_alive(int(lines[0])):
            (self.identity.cluster / "postmaster.pid").unlink()
        (self.identity.sockets / f"{sockets.LONGEST_NAME}.lock").unlink(missing_ok=True)

    def _serves_this(self, pid: int) -> bool:
        inside = proc.folder(pid) == os.path.realpath(self.identity.cluster)
        return inside and Path(proc.executable(pid)).name == "postgres" and proc.is_alive(pid)

    def _pid_file(self) -> list[str]:
        try:
            return (self.identity.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
