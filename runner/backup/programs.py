"""PostgreSQL's own programs for a database, of a version that can serve it, and how they are told where it is."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from runner import env
from runner.backup.errors import BackupError
from runner.embedded import StartError
from runner.embedded.identity import wheel_programs

NEEDED = ("pg_dump", "pg_restore", "psql")


@dataclass(frozen=True)
class Database:
    """A database by its URL. What its programs are told by command line is no secret: others see that."""

    url: str

    @property
    def conninfo(self) -> str:
        """Where it is and as whom, without the password."""
        found = env.database(self.url)
        place = {"host": found["HOST"], "port": found["PORT"], "user": found["USER"], "dbname": found["NAME"]}
        given = {name: value for name, value in place.items() if value}
        return make_conninfo("", **given, **found["OPTIONS"])

    @property
    def environment(self) -> Mapping[str, str]:
        """For a program that connects by `conninfo`."""
        password = str(env.database(self.url)["PASSWORD"])
        return {**os.environ, "PGAPPNAME": "sandwarden-backup", **({"PGPASSWORD": password} if password else {})}

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What a statement gives. Raises BackupError when the server can't be reached or refuses."""
        try:
            password = str(env.database(self.url)["PASSWORD"]) or None
            with psycopg.connect(self.conninfo, password=password, connect_timeout=10) as connection:
                return connection.execute(sql.encode()).fetchall()
        except psycopg.Error as error:
            raise BackupError(f"The database does not answer as it should: {str(error).strip()}") from None

    def server_version(self) -> int:
        """Its major version."""
        return int(str(self.rows("SHOW server_version_num")[0][0])) // 10_000


def folder(server: int, path: str | None = None) -> Path:
    """Where the programs are: those on PATH (`path`), or our wheel's where these are missing or too old.

    Raises BackupError, naming the versions, when neither are new enough for a server of major version `server`.
    """
    seen = []
    for place in _places(path):
        found = _version(place)
        if found is not None and found >= server:
            return place
        seen.append(f"{place} has {'none' if found is None else f'version {found}'}")
    raise BackupError(
        f"The server is PostgreSQL {server}, and pg_dump and pg_restore must be {server} or newer: "
        f"{'; '.join(seen) or 'none were found'}. Install the package postgresql-client-{server} and put it on PATH"
    )


def _places(path: str | None) -> list[Path]:
    on_path = shutil.which("pg_dump", path=path)
    places = [Path(on_path).resolve().parent] if on_path else []
    if on_path and not (places[0] / "pg_restore").exists():
        places = [Path(on_path).parent]  # a wrapper that chooses a version, as Debian's is
    try:
        return [*places, wheel_programs()]
    except StartError:
        return places


def _version(place: Path) -> int | None:
    """The lowest of the programs' major versions; None when one is missing or does not run."""
    found = []
    for name in NEEDED:
        try:
            asked = subprocess.run([place / name, "--version"], capture_output=True, text=True, check=True, timeout=30)
            found.append(int(asked.stdout.split()[2].split(".")[0]))
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            return None
    return min(found)
