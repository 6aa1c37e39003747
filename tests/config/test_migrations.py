"""Models and migrations agree, in names of our own."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

OURS = ("sandboxes", "events", "dashboard")


@pytest.mark.django_db
def test_no_model_lacks_its_migration() -> None:
    out = StringIO()
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=out)  # raises SystemExit where one does
    assert "No changes" in out.getvalue()


def test_migrations_are_named_by_hand() -> None:
    named = [name for app, name in MigrationLoader(None).disk_migrations if app in OURS]
    assert named
    assert [name for name in named if re.search(r"_auto_|_and_more$", name)] == []
