"""How long a statement may take in each process: what a new connection of it says itself, and what bounds none."""

import subprocess
import sys

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections

from config import statements
from config.roles import __main__ as roles
from events import database
from tests.config.test_roles import Idle, played

OPTIONS = connections.databases["default"]["OPTIONS"]


@pytest.fixture(autouse=True)
def as_before():
    before = OPTIONS.pop("options", None)
    yield
    OPTIONS.pop("options", None)
    if before is not None:
        OPTIONS["options"] = before


def bound_now():
    """What a connection that begins now, with Django's parameters, is held to."""
    with psycopg.connect(**connection.get_connection_params()) as line:
        return next(text for (text,) in line.execute("SHOW statement_timeout"))


@pytest.mark.parametrize(
    ("words", "told"), [(["web"], "1min"), (["work"], "5min"), (["acts", "beat"], "5min"), (["web", "work"], "5min")]
)
@pytest.mark.django_db
def test_process_of_roles_is_bound_before_any_of_them_begins(monkeypatch, words, told):
    seen = []

    class Looks(Idle):
        def start(self):
            seen.append(bound_now())
            super().start()

    monkeypatch.setattr(roles, "serve", roles.wait)
    played(monkeypatch, Looks(signals=True), words=words)
    assert seen == [told]


def told_by(*command):
    """What a process of its own prints last, on the test's servers."""
    ran = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


SHOW = "from django.db import connections; print(connections.databases['default']['OPTIONS'].get('options', ''))"
WORKER = """
import os; os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django; django.setup()
from celery.signals import worker_init
from config.celery import app
from config import statements
{before}
worker_init.send(sender=app.WorkController(pool="solo"))
"""


@pytest.mark.parametrize(("before", "told"), [("", "300s"), ("statements.bound_for({'web'})", "60s")])
def test_worker_of_celery_is_bound_and_leaves_an_earlier_bound(before, told):
    code = WORKER.format(before=before) + SHOW
    assert told_by(sys.executable, "-c", code) == f"-c statement_timeout={told}"


@pytest.mark.django_db
def test_bound_of_the_database_url_holds_and_its_other_options_stay():
    OPTIONS["options"] = "-c statement_timeout=7s"
    statements.bound(60)
    assert bound_now() == "7s"
    OPTIONS["options"] = "-c work_mem=8MB"
    statements.bound(60)
    assert bound_now() == "1min"
    assert "work_mem=8MB" in OPTIONS["options"]


@pytest.mark.django_db
def test_statement_that_hangs_ends_at_its_bound():
    OPTIONS["options"] = "-c statement_timeout=10ms"
    with psycopg.connect(**connection.get_connection_params()) as line, pytest.raises(psycopg.errors.QueryCanceled):
        line.execute("SELECT pg_sleep(60)")


@pytest.mark.django_db
def test_connections_of_the_inbox_are_bound():
    with psycopg.connect(database.conninfo()) as line:
        assert line.execute("SHOW statement_timeout").fetchone() == ("30s",)


def test_commands_are_not_bound():
    """Migrations, backups and what an operator runs: `manage.py` asks for no bound."""
    assert told_by(sys.executable, "manage.py", "shell", "--no-imports", "-c", SHOW) == ""
