"""`manage.py restore FILE`: the database as it was at a backup, with everything in it that could act standing still."""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.loader import MigrationLoader

from runner import env, version
from runner.backup import BackupError, archive, load
from runner.backup.archive import Manifest
from runner.backup.programs import Database
from runner.embedded import local
from runner.supervisor.choices import ROOT
from sandboxes.cleanup import restored
from sandboxes.core import crypto, secrets_at_rest

NEXT = """
What to do next:
  1. Start Sandwarden. It reads the backend's list and, from where the backup ends, the events API.
  2. Policies are frozen. Check leases, protections, policies, people and tokens: what was changed after the backup is
     as it was before, and tokens revoked since are valid again. Then lift the freeze on the Cleanup page.
  3. Everybody signs in again. Actions that waited were cancelled: ask again for those that are still wanted.
"""


class Command(BaseCommand):
    help = (
        "Restores a backup into an empty database and brings it up to date. Stop Sandwarden first. A file that is "
        "damaged, or of a newer version, is refused before anything is changed."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `backup` wrote")
        parser.add_argument("--replace", action="store_true", help="drop everything that the database holds now")
        parser.add_argument("--keys", type=Path, metavar="FILE2", help="add the encryption key that `backup` wrote")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError; the database is then as it was, unless the message says otherwise."""
        if local.needs_server():
            sys.exit(local.run_beside())
        owner = env.text("MIGRATION_DATABASE_URL")
        database = Database(owner or env.text("DATABASE_URL"))
        try:
            held = archive.read(options["file"])
            keys = _keys(options["keys"])
            _check_version(held)
            load.check_target(database, replace=options["replace"])
            crypto.add_keys(keys)
            load.load(options["file"], database, restored.statements(held.made_at))
        except (BackupError, crypto.BadKey, ValueError) as why:
            raise CommandError(str(why)) from None
        _migrate(owner)
        self.stdout.write(f"Restored: version {held.version}, as of {held.made_at}.")
        self._tell_of_secrets()
        self.stdout.write(NEXT)

    def _tell_of_secrets(self) -> None:
        try:
            closed = secrets_at_rest.unreadable()
        except crypto.BadKey as why:
            self.stdout.write(f"No stored key can be read: {why}")
            return
        if closed:
            self.stdout.write(
                "The encryption key here opens none of these: restore its file with --keys FILE2, or enter them again "
                "in Settings:\n  " + "\n  ".join(closed)
            )


def _keys(file: Path | None) -> tuple[str, ...]:
    if file is None:
        return ()
    try:
        return tuple(file.read_text("ascii").split())
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"{file} can't be read as a key file: {error}") from None


def _check_version(held: Manifest) -> None:
    """Raises BackupError for a backup that this code does not know all of."""
    ours, disk = version.version(), MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    known = {*disk, *(former for migration in disk.values() for former in migration.replaces)}
    unknown = [f"{app}.{name}" for app, name in held.migrations if (app, name) not in known]
    if version.parts(held.version) > version.parts(ours) or unknown:
        which = f" (it has {', '.join(unknown[:3])})" if unknown else ""
        raise BackupError(
            f"The backup is of version {held.version}{which}, and this is {ours}: restore it with that version or a "
            "newer one"
        )


def _migrate(owner: str) -> None:
    """Brings it up to this code. Raises CommandError: the database is restored then, and `migrate` is still to do."""
    url = owner or env.text("DATABASE_URL")
    steps = [["migrate", "--noinput", "--verbosity", "0"]]
    if owner:
        steps.append(["protect_audit", str(env.database(env.text("DATABASE_URL"))["USER"])])
    for step in steps:
        command = [sys.executable, str(ROOT / "manage.py"), *step, "--skip-checks"]
        done = subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=False)
        if done.returncode:
            raise CommandError(f"The backup is loaded, but `manage.py {step[0]}` failed: its lines above say why")
