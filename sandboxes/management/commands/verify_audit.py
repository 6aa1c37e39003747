"""`manage.py verify_audit`: walks the audit's chain; exit code 1, and what is wrong, when it does not hold."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandboxes.actions import audit, audit_check


class Command(BaseCommand):
    help = "Checks that no entry of the audit was altered, added or taken out, and prints the head of the chain."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--expect", action="append", default=[], metavar="NUMBER:HASH",
            help="a head that an earlier run printed, and that you kept elsewhere; may be given several times",
        )  # fmt: skip

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError with the faults."""
        audit.seal()
        report = audit_check.verify(dict(_head(text) for text in options["expect"]))
        if report.faults:
            raise CommandError("The audit does not hold:\n  " + "\n  ".join(report.faults))
        if not report.last:
            self.stdout.write("The audit holds: nothing was done yet.")
        else:
            self.stdout.write(f"The audit holds: entries {report.first:,} to {report.last:,}.")
        if report.erased:
            self.stdout.write(f"{report.erased:,} of them were relieved of personal data by `manage.py erase`.")
        if audit.is_alterable():
            self.stdout.write("This server could alter its own trail: set MIGRATION_DATABASE_URL.")
        if report.last:
            self.stdout.write(f"Its head, to be kept elsewhere: {report.last}:{report.head}")


def _head(text: str) -> tuple[int, str]:
    number, colon, found = text.partition(":")
    if not colon or not number.isdigit():
        raise CommandError(f"--expect is given as NUMBER:HASH, not {text!r}")
    return int(number), found.lower()
