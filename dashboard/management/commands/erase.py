"""`manage.py erase --owner X --account A`: what is held about an owner goes or gets a pseudonym."""

import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from dashboard import erasing as of_pages
from events import erasing as of_events
from sandboxes.cleanup import erasure
from sandboxes.models import Account

OUT_OF_REACH: Final = (
    "backups and PostgreSQL's write-ahead log, until they are rotated",
    "bytes of old rows in the database's files, until their pages are reused (VACUUM FULL rewrites them)",
    "the backend itself: its events API and its own logs",
    "logs, metrics and answers that other systems have collected from here, Prometheus among them",
    "names of people and tokens who acted on sandboxes of others: the audit keeps them",
)
log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Safe to run again, also after it broke off: the sandboxes, by which everything is found, come last."""

    help = (
        "Removes or pseudonymises everything held about an owner at an account, and prints what it can't reach. "
        "Without --apply it only counts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--owner", required=True, help="the owner as the Sandboxes page shows it")
        parser.add_argument("--account", required=True, help="the account's name")
        parser.add_argument("--apply", "--yes", action="store_true", help="do it; without this nothing is changed")
        parser.add_argument(
            "--include-running", action="store_true",
            help="even while sandboxes have not ended: their own records stay until you run it again",
        )  # fmt: skip

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError for an unknown account, an empty owner, and where something still needs the data."""
        subject, apply = _subject(options["account"], options["owner"]), bool(options["apply"])
        self._check(subject, apply=apply, include_running=bool(options["include_running"]))
        self.stdout.write(f"{len(subject.keys):,} sandboxes." + (f" Pseudonym: {subject.pseudonym}" if apply else ""))
        stays = erasure.kept_leases(subject)
        changed = sum(self._step(step, subject, apply=apply) for step in _steps())
        self._outside(subject, apply=apply)
        if apply:
            erasure.vacuum()
            log.info("erased what was held about an owner at account %s: %d rows", subject.account.name, changed)
        self._cannot_reach(subject, stays, apply=apply)
        if not apply:
            self.stdout.write("Dry run: nothing was changed. Add --apply to do it.")

    def _check(self, subject: erasure.Subject, *, apply: bool, include_running: bool) -> None:
        try:
            erasure.check(subject, include_running=include_running)
        except erasure.Refused as why:
            if apply:
                raise CommandError(str(why)) from None
            self.stdout.write(f"It would be rejected now: {why}")

    def _step(self, step: erasure.Step, subject: erasure.Subject, *, apply: bool) -> int:
        with transaction.atomic():
            count = step.run(subject)
            transaction.set_rollback(not apply)
        self._line(count, step.table, step.what)
        return count

    def _outside(self, subject: erasure.Subject, *, apply: bool) -> None:
        try:
            deleted, kept = erasure.erase_redis(subject, apply=apply)
        except redis.RedisError as error:
            self.stdout.write(f"Redis could not be read, erase again when it is back: {error}")
            deleted = kept = 0
        self._line(deleted, "Redis", "keys deleted")
        blotted, stay = erasure.erase_files(subject, Path(settings.DATA_DIR), apply=apply)
        self._line(blotted, "logs in DATA_DIR", "mentions overwritten")
        if kept:
            self.stdout.write(
                f"{kept} keys of Redis that are not ours mention the owner and stay: wait, or delete them."
            )
        for path in stay:
            self.stdout.write(f"This file may mention the owner and stays: {path}")

    def _cannot_reach(self, subject: erasure.Subject, leases: int, *, apply: bool) -> None:
        if leases:
            self.stdout.write(f"{leases} leases stay: they hold a live sandbox or cover others' too. Release them.")
        if subject.live:
            self.stdout.write(
                f"{subject.live} sandboxes have not ended and keep their records: erase again afterwards."
            )
        if apply:
            for column, count in erasure.leftovers(subject).items():
                self.stdout.write(f"The name still stands in {count:,} rows of {column}: another's, or a setting.")
        self.stdout.write("Out of reach:")
        for what in OUT_OF_REACH:
            self.stdout.write(f"  {what}")

    def _line(self, count: int, where: str, what: str) -> None:
        self.stdout.write(f"{count:>9,}  {where}: {what}")


def _steps() -> list[erasure.Step]:
    leases = erasure.Step("sandboxes_lease, sandboxes_leasemember", "deleted", erasure.erase_leases)
    return [leases, *erasure.STEPS, *of_pages.STEPS, *of_events.STEPS, of_events.LAST]


def _subject(account: str, owner: str) -> erasure.Subject:
    found = Account.objects.filter(name=account).first()
    if found is None:
        raise CommandError(f"There is no account {account}")
    if not owner.strip():
        raise CommandError("--owner is empty")
    return erasure.subject_of(found, owner)
