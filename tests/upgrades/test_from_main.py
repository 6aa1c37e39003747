"""A database of the code before the first release is taken over by one `migrate`, and nothing is lost.

`main-2026-11-28.sql.gz` is a dump of a stack of that day's main (commit 09b5455), two minutes after its first start on
a simulated fleet of twelve with an hour's past: sandboxes, events, frames, series, verdicts, a lease, a protection.
"""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DUMP = Path(__file__).with_name("main-2026-11-28.sql.gz")
VISIT = """
import django
from django.conf import settings
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
django.setup()
from django.contrib.auth import get_user_model
from django.test import Client
browser = Client(); browser.force_login(get_user_model().objects.get(username="admin"))
pages = ["/", "/sandboxes/", "/events/", "/cleanup/", "/cost/", "/settings/account/"]
for page in (*pages, "/api/v1/sandboxes", "/api/v1/fleet"):
    print(page, browser.get(page).status_code)
"""


@pytest.fixture(scope="module")
def old() -> Iterator[str]:
    """The URL of a database restored from the dump, gone afterwards."""
    server = os.environ["DATABASE_URL"]
    name = f"upgrade_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as there:
        there.execute(f"CREATE DATABASE {name}")
    url = urlsplit(server)._replace(path=f"/{name}").geturl().replace(":///", "://@/", 1)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(gzip.decompress(DUMP.read_bytes()))
        yield url
    finally:
        with psycopg.connect(server, autocommit=True) as there:
            there.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def rows(url: str) -> dict[str, int]:
    """How many rows each table of ours has."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace "
            "AND relname ~ '^(sandboxes|events|dashboard|auth_user)' AND NOT relispartition"
        ).fetchall()
        found = {}
        for (table,) in tables:
            counted = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert counted is not None
            found[table] = counted[0]
        return found


def test_one_migrate_takes_over_a_database_of_before_the_first_release(old: str) -> None:
    before = rows(old)
    assert before["sandboxes_sandbox"] > 10
    assert before["events_lifecycleevent"] > 10
    assert before["sandboxes_metricframe"] > 0
    migrated = run(old, "manage.py", "migrate", "--noinput")
    assert migrated.returncode == 0, migrated.stderr
    after = rows(old)
    assert {table: after.get(table) for table in before} == before
    checked = run(old, "manage.py", "verify_audit")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    visited = run(old, "-c", VISIT)
    assert visited.stdout.split()[1::2] == ["200"] * 8, visited.stdout + visited.stderr[-2000:]
    again = run(old, "manage.py", "migrate", "--noinput")
    assert "No migrations to apply" in again.stdout
