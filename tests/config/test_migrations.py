"""Models and migrations agree, and no migration from the first release on stops a running server by a long lock."""

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

OURS = ("sandboxes", "events", "dashboard")
BEFORE_THE_FIRST_RELEASE = {
    ("sandboxes", "0001_squashed"), ("events", "0001_squashed"), ("dashboard", "0001_squashed"),
    ("sandboxes", "0002_one_meaning_each"),  # its generated column rewrites the table of sandboxes
}  # fmt: skip
# What is left out is style, or set where migrations are run; what stays locks, rewrites, or breaks the version before.
STYLE = (
    "prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-identity", "prefer-robust-stmts",
    "prefer-text-field", "prefer-timestamptz", "require-lock-timeout", "require-statement-timeout",
)  # fmt: skip


def ours() -> list[tuple[str, str]]:
    return sorted(key for key in MigrationLoader(None).disk_migrations if key[0] in OURS)


def long_locks(sql: Path) -> str:
    """What squawk says of a script; empty when it finds nothing."""
    squawk = Path(sys.executable).with_name("squawk")
    command = [str(squawk), "--pg-version", "18", "--reporter", "gcc", f"--exclude={','.join(STYLE)}", str(sql)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.django_db
def test_no_model_lacks_its_migration() -> None:
    out = StringIO()
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=out)  # raises SystemExit where one does
    assert "No changes" in out.getvalue()


def test_migrations_are_named_by_hand() -> None:
    assert [name for _, name in ours() if re.search(r"_auto_|_and_more$", name)] == []


def test_what_stood_before_the_first_release_is_still_there() -> None:
    assert set(ours()) >= BEFORE_THE_FIRST_RELEASE


@pytest.mark.django_db(transaction=True)  # an index made beside the work of a server is made outside of one
def test_no_migration_since_the_first_release_takes_a_long_lock(tmp_path: Path) -> None:
    found = ""
    for app, name in [key for key in ours() if key not in BEFORE_THE_FIRST_RELEASE]:
        sql, out = tmp_path / f"{app}.{name}.sql", StringIO()
        call_command("sqlmigrate", app, name, stdout=out, no_color=True)
        sql.write_text(out.getvalue())
        found += long_locks(sql)
    assert found == ""


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE a ALTER COLUMN b TYPE bigint", "changing-column-type"),
        ("CREATE INDEX i ON a (b)", "require-concurrent-index-creation"),
        ("ALTER TABLE a DROP COLUMN b", "ban-drop-column"),
        ("ALTER TABLE a RENAME COLUMN b TO c", "renaming-column"),
        ("ALTER TABLE a ADD COLUMN b int NOT NULL", "adding-required-field"),
    ],
)
def test_long_locks_are_found(tmp_path: Path, statement: str, rule: str) -> None:
    script = tmp_path / "planted.sql"
    script.write_text(f"BEGIN;\n{statement};\nCOMMIT;\n")
    assert rule in long_locks(script)


def test_nothing_is_found_in_a_column_that_is_added_empty(tmp_path: Path) -> None:
    script = tmp_path / "planted.sql"
    script.write_text('BEGIN;\nALTER TABLE "a" ADD COLUMN "b" varchar(20)[] NULL;\nCOMMIT;\n')
    assert long_locks(script) == ""
