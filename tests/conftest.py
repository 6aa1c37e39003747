"""Real PostgreSQL and Redis for every test run, in place before Django reads its settings.

The run's own process starts PostgreSQL once. Each pytest-xdist worker has its own database in it (pytest-django adds
the worker's name) and its own Redis, so workers can't see each other.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import django
import pytest
import pytest_django
import redis
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from config.static_files import StaticFiles
from runner import assets
from runner.embedded import Redis, addresses, both, start
from simulator.options import empty
from simulator.served import Served, served
from tests.support import search

FROM_THE_SHELL = ("E2B_", "SANDWARDEN_", "SIMULATOR_")  # a developer's own key must never reach a test


def pytest_configure(config: pytest.Config) -> None:
    """Starts the servers, points the environment at them, and loads Django."""
    search.register()
    if config.getoption("help", default=False) or config.getoption("version", default=0):
        return
    for name in [name for name in os.environ if name.startswith(FROM_THE_SHELL)]:
        del os.environ[name]
    home = Path(tempfile.mkdtemp(prefix="sandwarden-test-", dir="/tmp"))  # short: Unix sockets live in it
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    if hasattr(config, "workerinput"):
        mailbox = start(Redis(home))
        config.add_cleanup(mailbox.stop)
        os.environ.update(addresses(os.environ["DATABASE_URL"], mailbox.server.url))
    else:
        stack = ExitStack()
        os.environ.update(stack.enter_context(both(home, durable=False)))
        config.add_cleanup(stack.close)
        os.environ["SHARED_STATIC"] = str(home / "static-of-all")
    try:
        assets.install(home)
    except FileNotFoundError as missing:
        raise pytest.UsageError(f"{missing}: `make test` once fetches the npm packages") from None
    shared = Path(os.environ["SHARED_STATIC"])
    shared.mkdir(exist_ok=True)
    (home / "static").symlink_to(shared)
    os.environ["DATA_DIR"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    settings.PASSWORD_HASHERS = ["tests.support.hashing.Once"]  # before anything hashes
    django.setup()
    if getattr(config.option, "numprocesses", None):
        # Before there are workers: one of them would meet the files while another one builds them.
        call_command("collectstatic", interactive=False, verbosity=0)
    if not hasattr(config, "workerinput"):
        # A worker that found it in its environment would read the settings before it has a Redis of its own.
        del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """With what a search that failed can be run again."""
    terminalreporter.write_line(f"Searches for a bounded time: HYPOTHESIS_SEED={search.SEED} runs them again")


@pytest.fixture(autouse=True)
def no_secret_of_another_test() -> None:
    """What one test enters as a secret may be an ordinary word in the next one's texts."""
    from sandboxes.base import masking

    masking.forget()


@pytest.fixture(autouse=True)
def patient_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender is answered within 0.8 s, which a loaded machine may miss; what happens then has tests of its own."""
    from events import limits

    monkeypatch.setattr(limits, "ANSWER_SECONDS", 60.0)


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> None:
    """Emptying the tables after a test that commits: past the audit's triggers, and rows instead of files.

    Django truncates every table, which makes as many files anew, and fills in content types and permissions again:
    200 ms a test. Most tables hold nothing and the rest a few rows; those two tables are the same for all tests.
    """
    from django.core.management.commands import flush
    from django.db.backends.postgresql.operations import DatabaseOperations

    def rows_alone(self: DatabaseOperations, _style: Any, tables: list[str], **_: Any) -> list[str]:
        emptied = [self.quote_name(name) for name in tables if name not in {"django_content_type", "auth_permission"}]
        # No trigger looks, not those of foreign keys either, so the order does not matter.
        off, on = "SET LOCAL session_replication_role = replica", "SET LOCAL session_replication_role = DEFAULT"
        return [off, *(f"DELETE FROM {name}" for name in emptied), on] if emptied else []

    DatabaseOperations.sql_flush = rows_alone  # type: ignore[assignment, method-assign]
    flush.emit_post_migrate_signal = lambda *_, **__: None  # type: ignore[attr-defined]


@pytest.fixture
def mailbox() -> Iterator["redis.Redis"]:
    """An empty Redis (the one that settings.REDIS_URL names) and a client for it; emptied again afterwards."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture(scope="session")
def static_files() -> Path:
    """Builds what `{% static %}` names, as a start does: once for all workers, by the first that needs it."""
    shared = Path(os.environ["SHARED_STATIC"])
    with (shared.parent / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "staticfiles.json").exists():
            call_command("collectstatic", interactive=False, verbosity=0)
    storage = cast("StaticFiles", staticfiles_storage)  # may have read its list before there was one
    storage.hashed_files, storage.manifest_hash = storage.load_manifest()
    return Path(settings.STATIC_ROOT)


@pytest.fixture
def serve_simulator() -> Iterator[Callable[..., Served]]:
    """`serve_simulator(options, clock)` gives a simulated E2B of its own on a free port, gone after the test.

    `Served.url` is what an E2B client is given; the key is `simulator.options.DEFAULT_API_KEY` unless chosen. With a
    `ManualClock` the test moves time (`Served.simulator.advance`), without one it is the wall's.
    """
    with ExitStack() as stack:
        yield lambda options=None, clock=None: stack.enter_context(served(options, clock))


@pytest.fixture
def simulator(serve_simulator: Callable[..., Served]) -> Served:
    """A simulated E2B in real time, without a sandbox or a past: what is in it the test has put there."""
    return serve_simulator(empty())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's own, and at the end no session of an async test's thread: a database in use can't be dropped."""
    yield
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
