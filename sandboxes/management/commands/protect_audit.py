"""`manage.py protect_audit ROLE`: the audit belongs to the role that runs this, everything else to ROLE."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from sandboxes.actions import audit_owner


class Command(BaseCommand):
    help = (
        "Run after each migration with the database URL of the role that is to own the audit (MIGRATION_DATABASE_URL): "
        "the audit's tables and functions become its own, and ROLE, as which the server works, may add to them only."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("role", help="the role of DATABASE_URL, as which the server works")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError when the roles are not set up for it; nothing is changed then."""
        with transaction.atomic(), connection.cursor() as cursor:
            try:
                audit_owner.hand_over(cursor, options["role"])
            except audit_owner.Unfit as why:
                raise CommandError(str(why)) from None
        self.stdout.write(f"The audit is out of reach of the role {options['role']}.")
