"""Puts a backup back: everything in one transaction, so that a failure leaves the database as it was."""

import subprocess
import tempfile
from pathlib import Path
from typing import IO

from runner.backup import archive, programs
from runner.backup.archive import CHUNK
from runner.backup.errors import BackupError
from runner.backup.programs import Database

_TABLES = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"""
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
# What belongs to an extension stays with it, and a column's sequence goes with its table.
_EMPTY = """
SET client_min_messages = warning;
DO $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                ELSE 'TABLE' END AS what, c.oid::regclass::text AS name
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND (
        d.deptype = 'e' OR c.relkind = 'S' AND d.deptype IN ('a', 'i')))
    ORDER BY name  -- all names are read before the first goes: what a CASCADE took has no name any more
  LOOP
    EXECUTE format('DROP %s IF EXISTS %s CASCADE', one.what, one.name);
  END LOOP;
  FOR one IN
    SELECT p.oid::regprocedure::text AS name FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY name
  LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', one.name);
  END LOOP;
END $$;
"""


def check_target(database: Database, *, replace: bool) -> None:
    """Raises BackupError when somebody works on the database, or it holds tables and they are not to be replaced."""
    if others := int(str(database.rows(_OTHERS)[0][0])):
        raise BackupError(
            f"{others} other connections to this database are open: stop Sandwarden (and whatever else uses it) first"
        )
    tables = int(str(database.rows(_TABLES)[0][0]))
    if tables and not replace:
        raise BackupError(
            f"The database is not empty, it holds {tables} tables: with --replace everything in it is dropped and "
            "replaced by the backup"
        )


def load(file: Path, database: Database, then: str) -> None:
    """Empties the database, loads the file's dump and runs the statements `then`: all of it, or nothing.

    Raises BackupError; check file and target before.
    """
    place = programs.folder(database.server_version())
    quiet = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    command = [str(place / "psql"), *quiet, "--dbname", database.conninfo, "--file=-"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said, env=database.environment) as loading,
    ):
        if loading.stdin is None:
            raise AssertionError
        whole = _feed(loading.stdin, file, place / "pg_restore", then, said)
        loading.wait()
        if loading.returncode or not whole:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip()[-2000:]
            raise BackupError(f"The backup could not be loaded, and the database is as it was: {lines or 'no message'}")


def _feed(output: IO[bytes], file: Path, pg_restore: Path, then: str, said: IO[bytes]) -> bool:
    """Writes the script of the one transaction; whether it was written to its COMMIT. Without that nothing counts."""
    command = [str(pg_restore), "--file=-", "--no-owner", "--no-privileges", "--exit-on-error"]
    try:
        output.write(f"BEGIN;\n{_EMPTY}".encode())
        output.flush()
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=said) as reading:
            if reading.stdin is None:
                raise AssertionError
            with archive.opened_dump(file) as source, reading.stdin as sink:
                while chunk := source.read(CHUNK):
                    sink.write(chunk)
        if reading.returncode:
            return False
        output.write(f"\nRESET ALL;\n{then}\nCOMMIT;\n".encode())
    except BrokenPipeError:  # one of the two has given up, and has said why
        return False
    finally:
        _close(output)
    return True


def _close(output: IO[bytes]) -> None:
    try:
        output.close()
    except BrokenPipeError:
        return
