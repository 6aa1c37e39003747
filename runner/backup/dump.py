"""Writes a backup: one consistent snapshot of the database, made while everything runs."""

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from runner.backup import archive, programs
from runner.backup.archive import DUMP, Manifest
from runner.backup.errors import BackupError
from runner.backup.programs import Database
from runner.version import version

TRIES = 3
LOCK_WAIT = "30s"
# Who is signed in, and that the API is up: true for the moment alone, and nothing to bring back hours later.
NEVER = ("public.django_session", "public.sandboxes_heartbeat")
METRICS = ("public.sandboxes_metricframe*", "public.sandboxes_metricseries*")
_FACTS = "SELECT pg_database_size(current_database())"
_MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY 1, 2"


class _Moved(BackupError):
    """A part of a table was dropped between the list of tables and its lock: the next try finds it gone."""


def write(file: Path, database: Database, *, without_metrics: bool = False) -> Manifest:
    """Writes `file`, replacing an older one only when the new one is whole; what it holds. Raises BackupError."""
    server = database.server_version()
    place = programs.folder(server)
    manifest = Manifest(
        version=version(),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        postgres=server,
        migrations=[(str(app), str(name)) for app, name in database.rows(_MIGRATIONS)],
        without_metrics=without_metrics,
        database_bytes=int(str(database.rows(_FACTS)[0][0])),
    )
    for left in reversed(range(TRIES)):
        try:
            return _try(file, database, place, manifest)
        except _Moved:
            if not left:
                raise
        except OSError as error:
            raise BackupError(f"{file} can't be written: {error.strerror or error}") from None
    raise AssertionError


def _try(file: Path, database: Database, place: Path, manifest: Manifest) -> Manifest:
    left_out = (*NEVER, *(METRICS if manifest.without_metrics else ()))
    command = [
        str(place / "pg_dump"), "--dbname", database.conninfo, "--format=custom", "--compress=gzip:3",
        "--no-password", f"--lock-wait-timeout={LOCK_WAIT}", *(f"--exclude-table-data={name}" for name in left_out),
    ]  # fmt: skip
    with archive.written(file) as output, tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=database.environment) as dumping:
            if dumping.stdout is None:
                raise AssertionError
            content = output.dump(dumping.stdout)
        if dumping.returncode:
            said.seek(0)
            raise _failure(said.read().decode(errors="replace").strip())
        whole = msgspec.structs.replace(manifest, parts={DUMP: content})
        output.manifest(whole)
    return whole


def _failure(said: str) -> BackupError:
    moved = "does not exist" in said or "could not open relation" in said
    return (_Moved if moved else BackupError)(f"pg_dump failed: {said or 'it said nothing'}")
