"""With two roles the server can add to its audit, seal it and let age take from it, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.db.backends.utils import CursorWrapper

from sandboxes.actions import audit_owner

ROOT = Path(__file__).resolve().parents[3]
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")  # the workers share one server
OWNER, SERVER, DATABASE = f"audit_test_owner_{WORKER}", f"audit_test_server_{WORKER}", f"audit_test_roles_{WORKER}"


def url_of(role):
    """The tests' own server and database, seen as `role`."""
    socket = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"][0]
    return f"postgresql://{role}@/{DATABASE}?host={socket}"


def manage(role, *arguments, check=True):
    """`manage.py` as a process that works as `role`."""
    unchecked = [] if arguments[0] in ("backup", "restore") else ["--skip-checks"]  # those two never check
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, *unchecked],
        cwd=ROOT, env={**os.environ, "DATABASE_URL": url_of(role)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 or not check, done.stderr
    return done


@pytest.fixture(scope="module")
def superuser():
    """A connection to the tests' server, for what only an operator does."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as found:
        yield found


@pytest.fixture(scope="module")
def roles(superuser):
    """A database of its own, migrated by its owner and handed over to the server's role."""
    for statement in (
        f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)",
        f"DROP ROLE IF EXISTS {OWNER}",
        f"DROP ROLE IF EXISTS {SERVER}",
        f"CREATE ROLE {OWNER} LOGIN",
        f"CREATE ROLE {SERVER} LOGIN",
        f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
        f"GRANT {SERVER} TO {OWNER}",
    ):
        superuser.execute(statement)
    manage(OWNER, "migrate", "--noinput", "--verbosity", "0")
    manage(OWNER, "protect_audit", SERVER)
    manage(SERVER, "bootstrap")
    yield
    superuser.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    superuser.execute(f"DROP ROLE {OWNER}")
    superuser.execute(f"DROP ROLE {SERVER}")


@pytest.fixture
def server(roles):
    """As the server works; what a test does is undone."""
    with psycopg.connect(url_of(SERVER)) as found:
        yield found
        found.rollback()


# What the server does with actions, the audit and its partitions.
WORK = """
import os
from datetime import UTC, datetime

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from sandboxes.actions import audit
from sandboxes.metrics.series import partitions
from tests.support import records

one = records.action(records.sandbox("iowned"))
one.state = "cancelled"
one.save()
print(audit.seal(), audit.is_alterable(), audit.prune(datetime.now(UTC)))
partitions.keep(datetime.now(UTC))
one.delete()
"""


def test_it_works(roles):
    environment = {**os.environ, "DATABASE_URL": url_of(SERVER)}
    done = subprocess.run(
        [sys.executable, "-c", WORK], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["4", "False", "0"], done.stderr  # two of them the first admin and the account
    said = manage(SERVER, "verify_audit").stdout
    assert "The audit holds: entries 1 to 5" in said
    assert "could alter" not in said


@pytest.mark.parametrize(
    "forbidden",
    [
        "INSERT INTO sandboxes_auditentry (at, action_id, change) VALUES (now(), 1, '{}')",
        "UPDATE sandboxes_auditentry SET change = '{}'",
        "DELETE FROM sandboxes_auditentry",
        "TRUNCATE sandboxes_auditentry",
        "TRUNCATE sandboxes_action CASCADE",
        "DROP TABLE sandboxes_auditentry",
        "ALTER TABLE sandboxes_auditentry DISABLE TRIGGER ALL",
        "ALTER TABLE sandboxes_action DISABLE TRIGGER sandboxes_audit",
        "DROP TRIGGER sandboxes_audit ON sandboxes_action",
        "CREATE OR REPLACE FUNCTION sandboxes_audit_action() RETURNS trigger LANGUAGE sql AS ''",
        "DROP FUNCTION sandboxes_audit_keep() CASCADE",
        "ALTER SEQUENCE sandboxes_auditentry_id_seq RESTART",
        "SET session_replication_role = replica",
        "SET sandwarden.erasing = 'on'; UPDATE sandboxes_auditentry SET change = change || '{\"erased\": []}'",
        pytest.param(f"SET ROLE {OWNER}", id="SET ROLE to the owner"),
        "DROP SCHEMA public CASCADE",
    ],
)
def test_the_servers_role_cannot_alter_the_audit(server, forbidden):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        server.execute(forbidden)


def test_the_servers_role_may_erase_through_the_audits_function(server):
    assert server.execute("SELECT sandboxes_audit_erase('{}', 'x', 'y', 'test')").fetchone() == (0,)


def test_migrating_again_and_handing_over_again_changes_nothing(roles, server):
    owned = (
        "SELECT relname, relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    before = set(server.execute(owned).fetchall())
    manage(OWNER, "migrate", "--noinput", "--verbosity", "0")
    manage(OWNER, "protect_audit", SERVER)
    assert set(server.execute(owned).fetchall()) == before
    kept = {name for name, owner in before if owner == OWNER and "index" not in name and not name.endswith("pkey")}
    assert {"sandboxes_auditentry", "sandboxes_action", "sandboxes_auditentry_id_seq"} <= kept
    assert "sandboxes_sandbox" not in kept


def test_a_database_of_one_role_is_taken_over_later(roles, superuser):
    """What one role owned so far, the audit too, is parted when a second role is given."""
    superuser.execute(f"DROP DATABASE IF EXISTS {DATABASE}_2 WITH (FORCE)")
    superuser.execute(f"CREATE DATABASE {DATABASE}_2 TEMPLATE {DATABASE} OWNER {OWNER}")
    try:
        with psycopg.connect(url_of(OWNER).replace(DATABASE, f"{DATABASE}_2")) as owner:
            for mine in ("TABLE sandboxes_auditentry", "TABLE sandboxes_action", "FUNCTION sandboxes_audit_seal"):
                owner.execute(f"ALTER {mine} OWNER TO {SERVER}")
            owner.commit()
            audit_owner.hand_over(cast("CursorWrapper", owner.cursor()), SERVER)
            held = owner.execute("SELECT relowner::regrole::text FROM pg_class WHERE relname = 'sandboxes_auditentry'")
            assert held.fetchone() == (OWNER,)
    finally:
        superuser.execute(f"DROP DATABASE {DATABASE}_2 WITH (FORCE)")


@pytest.mark.parametrize(
    ("role", "server_role", "why"),
    [(OWNER, OWNER, "a role of its own"), (SERVER, OWNER, "can act as"), (OWNER, "nobody_there", "There is no role")],
    ids=["one role for both", "a server that is the owner too", "nobody"],
)
def test_roles_that_keep_nothing_apart_are_refused(roles, role, server_role, why):
    done = manage(role, "protect_audit", server_role, check=False)
    assert done.returncode == 1
    assert why in done.stderr


def test_restored_audit_is_out_of_the_servers_reach(roles, tmp_path, monkeypatch):
    monkeypatch.setenv("MIGRATION_DATABASE_URL", url_of(OWNER))
    file = str(tmp_path / "backup.tar")
    manage(SERVER, "backup", file)
    refused = manage(SERVER, "restore", file, check=False)
    assert "not empty" in refused.stderr
    assert "Policies are frozen" in manage(SERVER, "restore", file, "--replace").stdout
    assert "could alter" not in manage(SERVER, "verify_audit").stdout
    with psycopg.connect(url_of(SERVER)) as server, pytest.raises(psycopg.errors.InsufficientPrivilege):
        server.execute("DELETE FROM sandboxes_auditentry")
