"""`manage.py backup` and `restore` as typed: what they write, what they say, and what they refuse."""

import os
import stat
from io import StringIO

import msgspec
import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from runner.backup import archive, dump
from runner.backup.archive import DUMP
from runner.backup.programs import Database
from tests.support import records

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")  # the workers share one server
COPY = f"restored_{WORKER}"
SAID = "The encryption key is not in it. Without that key the stored API keys and webhook secrets must be entered again"


def url_of(name):
    return os.environ["DATABASE_URL"].replace("/sandwarden?", f"/{name}?")


@pytest.fixture
def original(transactional_db, settings, tmp_path):
    """The database of this test, with an account whose key is encrypted by a key file of its own, and a frame."""
    settings.DATA_DIR, settings.ENCRYPTION_KEY = tmp_path / "data", ""
    settings.DATA_DIR.mkdir()
    box = records.sandbox(of=records.account("prod", api_key="e2b_secret"))
    records.frame({box.pk: records.Reading(cpu=50)}, of=box.account)
    return Database(url_of(connection.settings_dict["NAME"]))


@pytest.fixture
def copy(original, monkeypatch):
    """An empty database, which DATABASE_URL names during the test."""
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {COPY}")
        monkeypatch.setenv("DATABASE_URL", url_of(COPY))
        yield Database(url_of(COPY))
        server.execute(f"DROP DATABASE {COPY} WITH (FORCE)")


@pytest.fixture
def file(original, tmp_path):
    """A backup of the original."""
    dump.write(tmp_path / "backup.tar", original)
    return tmp_path / "backup.tar"


def run(*words):
    said = StringIO()
    call_command(*words, stdout=said)
    return said.getvalue()


def test_backup_holds_the_database_and_keeps_the_key_apart(original, monkeypatch, tmp_path, settings):
    monkeypatch.setenv("DATABASE_URL", original.url)
    file, keys = tmp_path / "backup.tar", tmp_path / "keys"
    assert SAID in " ".join(run("backup", str(file)).split())
    assert "Whoever has both files can read every stored API key" in run("backup", str(file), "--keys", str(keys))
    held = archive.read(file)
    assert ("sandboxes", "0001_initial") in held.migrations
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file, keys)] == [0o600, 0o600]
    key = (settings.DATA_DIR / "encryption.key").read_bytes()
    assert keys.read_bytes() == key
    assert key.strip() not in file.read_bytes()


def test_backup_without_metrics_leaves_samples_out_alone(original, copy, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", original.url)
    assert "Samples are left out" in run("backup", str(tmp_path / "small.tar"), "--without-metrics")
    monkeypatch.setenv("DATABASE_URL", copy.url)
    run("restore", str(tmp_path / "small.tar"))
    assert copy.rows("SELECT count(*) FROM sandboxes_metricframe") == [(0,)]
    assert copy.rows("SELECT count(*) FROM sandboxes_sandbox") == [(1,)]


def test_restore_gives_back_what_was_backed_up(original, file, copy):
    said = run("restore", str(file))
    assert "Policies are frozen" in said
    assert "opens none of these" not in said
    for table in ("sandboxes_sandbox", "sandboxes_metricframe", "sandboxes_account", "django_migrations"):
        query = f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} t"
        assert copy.rows(query) == original.rows(query)
    assert copy.rows("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == original.rows(
        "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
    )


def test_restore_refuses_a_database_that_holds_something(file, copy):
    run("restore", str(file))
    with pytest.raises(CommandError, match="not empty, it holds"):
        run("restore", str(file))
    with psycopg.connect(copy.url, autocommit=True) as someone:
        someone.execute("CREATE TABLE of_later (id int)")
        someone.execute("DELETE FROM sandboxes_metricframe")
    run("restore", str(file), "--replace")
    assert copy.rows("SELECT to_regclass('of_later'), count(*) FROM sandboxes_metricframe") == [(None, 1)]


def test_restore_refuses_while_somebody_is_connected(file, copy):
    with psycopg.connect(copy.url), pytest.raises(CommandError, match="stop Sandwarden"):
        run("restore", str(file))


def test_restore_of_a_damaged_file_changes_nothing(file, copy):
    file.write_bytes(file.read_bytes()[:-20_000])
    with pytest.raises(CommandError, match=r"cut|damaged"):
        run("restore", str(file), "--replace")
    assert copy.rows("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


@pytest.mark.parametrize(
    "changes",
    [{"version": "99.0.0"}, {"migrations": [("sandboxes", "0001_initial"), ("sandboxes", "9999_of_tomorrow")]}],
)
def test_restore_refuses_a_backup_of_a_newer_version(file, copy, changes):
    held = archive.read(file)
    with archive.opened_dump(file) as source, archive.written(file) as output:
        parts = {DUMP: output.dump(source)}
        output.manifest(msgspec.structs.replace(held, parts=parts, **changes))
    with pytest.raises(CommandError, match=r"of version .*newer one"):
        run("restore", str(file))


def test_restore_says_which_secrets_need_the_key_and_takes_it(file, copy, settings, tmp_path):
    key_file = settings.DATA_DIR / "encryption.key"
    kept = tmp_path / "keys"
    key_file.rename(kept)
    said = run("restore", str(file))
    assert "opens none of these" in said
    assert "account prod: api_key" in said
    other = Fernet.generate_key()
    key_file.write_bytes(other + b"\n")
    said = run("restore", str(file), "--replace", "--keys", str(kept))
    assert "opens none of these" not in said
    assert key_file.read_bytes() == other + b"\n" + kept.read_bytes()
