"""`manage.py backup FILE`: the whole database in one file, while everything runs; the encryption key apart."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runner import env
from runner.backup import BackupError, dump
from runner.backup.programs import Database
from runner.embedded import local
from runner.supervisor.private_files import write_private
from sandboxes.core import crypto


class Command(BaseCommand):
    help = (
        "Writes a consistent backup of the database to FILE while everything runs. The encryption key is not in it, "
        "nor is Redis, which holds nothing that lasts."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write, mode 0600; an older one is replaced")
        parser.add_argument("--keys", type=Path, metavar="FILE2", help="also write the encryption key, to this file")
        parser.add_argument(
            "--without-metrics", action="store_true", help="leave the samples out; roll-ups by minute and hour stay"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError, and leaves no file, when it can't be made."""
        if local.needs_server():
            sys.exit(local.run_beside())
        file, keys = options["file"].absolute(), options["keys"]
        if keys is not None and keys.absolute() == file:
            raise CommandError("The keys go into a file of their own")
        url = env.text("MIGRATION_DATABASE_URL") or env.text("DATABASE_URL")  # the audit's owner may read everything
        try:
            held = dump.write(file, Database(url), without_metrics=options["without_metrics"])
            if keys is not None:
                write_private(keys.absolute(), crypto.key_file())
        except (BackupError, crypto.BadKey) as why:
            raise CommandError(str(why)) from None
        except OSError as error:
            raise CommandError(f"{keys} can't be written: {error.strerror or error}") from None
        self.stdout.write(
            f"{file}: {file.stat().st_size:,} bytes of a database of {held.database_bytes:,} bytes, "
            f"version {held.version}, {held.made_at}"
        )
        if held.without_metrics:
            self.stdout.write("Samples are left out: charts finer than a minute end up empty after a restore.")
        self._tell_of_keys(keys)

    def _tell_of_keys(self, keys: Path | None) -> None:
        if keys is None:
            self.stdout.write(
                "The encryption key is not in it. Without that key the stored API keys and webhook secrets must be "
                "entered again after a restore: --keys FILE2 writes it, to be kept in another place than the backup."
            )
        else:
            self.stdout.write(f"{keys}: the encryption key. Whoever has both files can read every stored API key.")
