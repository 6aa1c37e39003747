"""The small parts of starting: the checks, the choices, the stamps and the gathered files."""

import errno
import os
import shutil
import socket
import stat
from collections import namedtuple
from pathlib import Path

import pytest

from runner import assets
from runner.embedded import StartError
from runner.embedded.urls import addresses
from runner.supervisor import build_stamps, checks, choices, simulated, stale_processes
from runner.supervisor.private_files import write_private

Usage = namedtuple("Usage", "total used free")


def test_a_nearly_full_disk_is_told_with_its_figures(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - (50 << 20), 50 << 20))
    with pytest.raises(StartError, match="nearly full: 50 MB are left"):
        checks.data_dir(home)


def test_a_full_disk_is_told_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StartError, match="nearly full: 0 MB are left"):
        checks.data_dir(home)


def test_a_data_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartError, match=r"Can't write in .*choose another DATA_DIR"):
        checks.data_dir(tmp_path / "file" / "data")


def test_the_data_folder_is_made_for_us_alone(home: Path) -> None:
    checks.data_dir(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "number", "sentence"),
    [
        ("127.0.0.1", 0, "PORT=0 is no port"),
        ("127.0.0.1", 70000, "PORT=70000 is no port"),
        ("192.0.2.1", 8000, "HOST=192.0.2.1 is not an address of this machine"),
        ("no such host", 8000, "HOST=no such host is no address"),
    ],
)
def test_a_place_we_cannot_listen_at_is_told(host: str, number: int, sentence: str) -> None:
    with pytest.raises(StartError, match=sentence):
        checks.port(host, number)


def test_a_free_port_stays_free(free_port: int) -> None:
    checks.port("127.0.0.1", free_port)
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", free_port))


def test_a_port_that_is_no_number_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(StartError, match="PORT=http is not a whole number"):
        choices.read()


@pytest.mark.parametrize(
    ("variables", "is_simulated"),
    [({}, True), ({"E2B_API_KEY": "e2b_1"}, False), ({"E2B_API_URL": "http://b"}, False), ({"E2B_DOMAIN": "b"}, True)],
)
def test_neither_key_nor_url_means_the_simulator(
    variables: dict[str, str], is_simulated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert choices.read().simulated is is_simulated


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:8000"), ("::", "http://[::1]:8000"), ("fd00::1", "http://[fd00::1]:8000")],
)
def test_the_printed_address_is_one_a_browser_can_open(
    host: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.delenv("PORT", raising=False)
    assert choices.read().address == address


def test_keys_reach_bootstrap_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in choices.FOR_BOOTSTRAP_ALONE:
        monkeypatch.setenv(name, "a secret")
    monkeypatch.setenv("POLL_INTERVAL", "5")
    assert choices.for_bootstrap({})["E2B_API_KEY"] == "a secret"
    assert "a secret" not in choices.for_django({}).values()
    assert choices.for_django({"DATA_DIR": "/d"}).items() >= {"POLL_INTERVAL": "5", "DATA_DIR": "/d"}.items()
    assert not {"POLL_INTERVAL", "DATABASE_URL", *choices.FOR_BOOTSTRAP_ALONE} & choices.for_servers().keys()


def test_the_secret_key_lasts_and_is_ours_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = choices.secret_key(home)
    assert len(first) >= 50
    assert choices.secret_key(home) == first
    assert stat.S_IMODE((home / "secret_key").stat().st_mode) == 0o600
    monkeypatch.setenv("SECRET_KEY", "given")
    assert choices.secret_key(home) == "given"


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    (tmp_path / "kept.new").write_text("half of an earlier one")
    write_private(file, b"one")
    write_private(file, b"two")
    assert file.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_the_simulator_keeps_its_address_and_moves_when_the_port_is_taken(home: Path) -> None:
    (home / "run").mkdir(parents=True)
    first = simulated.address(home)
    assert simulated.address(home) == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.port))
        other.listen()
        moved = simulated.address(home)
    assert moved.port != first.port
    assert (moved.key, moved.webhook_secret) == (first.key, first.webhook_secret)
    assert moved.variables["SIMULATOR_URL"] == f"http://127.0.0.1:{moved.port}"


def test_a_stamp_holds_for_what_it_was_put_for_alone(home: Path) -> None:
    (home / "run").mkdir(parents=True)
    assert not build_stamps.holds(home, "static", "a")
    build_stamps.put(home, "static", "a")
    assert build_stamps.holds(home, "static", "a")
    assert not build_stamps.holds(home, "static", "b")


def test_migrations_are_due_when_a_file_or_the_database_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_stamps, "ROOT", tmp_path)
    folder = tmp_path / "sandboxes" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text("one")
    before = build_stamps.migrations("sandboxes|0001_initial\n")
    assert build_stamps.migrations("sandboxes|0001_initial\n") == before
    assert build_stamps.migrations("") != before
    (folder / "0002_more.py").write_text("two")
    assert build_stamps.migrations("sandboxes|0001_initial\n") != before


def test_static_files_are_due_when_one_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_stamps, "ROOT", tmp_path)
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "page.css").write_text("a {}")
    before = build_stamps.static_files()
    (tmp_path / "static" / "page.css").write_text("b {}")
    assert build_stamps.static_files() != before


def test_a_pid_file_that_names_a_stranger_harms_nobody(home: Path) -> None:
    (home / "run").mkdir(parents=True)
    stale_processes.remember(home, "web", os.getpid())
    stale_processes.remember(home, "torn", 0)
    (home / "run" / "torn.pid").write_text("")
    assert stale_processes.end_all(home) == []
    assert not list((home / "run").glob("*.pid"))


def test_the_pages_files_are_gathered_with_their_licences(tmp_path: Path) -> None:
    vendor = assets.install(tmp_path) / "vendor"
    (vendor / "of-an-older-version.js").write_text("")
    assets.install(tmp_path)
    assert {path.name for path in vendor.iterdir()} == {*assets.FROM_NPM, *assets.FROM_DJANGO_HTMX}
    assert (vendor / "plotly-basic.min.js").read_text().count("Plotly.") > 0
    assert (vendor / "htmx.min.js").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("redis_url", "broker"),
    [
        ("unix:///a/redis.sock?db=3", "redis+socket:///a/redis.sock?virtual_host=3"),
        ("unix:///a/redis.sock", "redis+socket:///a/redis.sock?virtual_host=0"),
        ("redis://:pw@cache:6379/1", "redis://:pw@cache:6379/1"),
        ("rediss://cache/0", "rediss://cache/0"),
    ],
)
def test_celery_is_told_of_the_same_redis_in_its_own_words(redis_url: str, broker: str) -> None:
    assert addresses("postgresql://db", redis_url) == {
        "DATABASE_URL": "postgresql://db",
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": broker,
    }


def test_the_audits_owner_is_given_to_migrations_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://owner@/sandwarden")
    monkeypatch.setenv("DATABASE_URL", "postgresql://server@/sandwarden")
    assert choices.read().migration_database_url == "postgresql://owner@/sandwarden"
    for environment in (choices.for_django({}), choices.for_bootstrap({}), choices.for_servers()):
        assert "MIGRATION_DATABASE_URL" not in environment
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(StartError, match="needs a DATABASE_URL of another role"):
        choices.read()


@pytest.mark.parametrize("mode", [0o666, 0o644, 0o620])
def test_a_secret_key_that_others_could_read_or_write_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = choices.secret_key(tmp_path)
    assert choices.secret_key(tmp_path) == first
    assert caplog.messages == []
    (tmp_path / "secret_key").chmod(mode)
    second = choices.secret_key(tmp_path)
    assert second != first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    (message,) = caplog.messages
    assert f"(mode {mode:04o}): it is replaced, and everybody has to sign in again" in message
    assert second not in message


def test_empty_secret_key_is_replaced_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    write_private(tmp_path / "secret_key", b"\n")
    assert len(choices.secret_key(tmp_path)) >= 50
    assert "is empty: it is replaced" in caplog.text
