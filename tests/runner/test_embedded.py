"""The embedded servers: they start, answer, stop, and recover from what a hard kill leaves behind."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from runner.embedded import DataLock, Postgres, Redis, StartError, both, proc, sockets, start

ROOT = Path(__file__).resolve().parents[2]


def one(url: str) -> int:
    """Asks PostgreSQL for the number 1."""
    with psycopg.connect(url) as line:
        row = line.execute("SELECT 1").fetchone()
    return row[0] if row else 0


def processes_in(folder: Path) -> list[int]:
    return [pid for pid in proc.pids() if proc.folder(pid) == str(folder) and proc.is_alive(pid)]


def test_both_answer_while_the_block_runs_and_are_gone_after_it(home: Path) -> None:
    with both(home) as variables:
        assert one(variables["DATABASE_URL"]) == 1
        assert redis.Redis.from_url(variables["REDIS_URL"]).ping()
        assert variables["CELERY_BROKER_URL"].startswith("redis+socket:///")
        assert processes_in(home / "postgres")
    assert not processes_in(home / "postgres")
    assert not processes_in(home / "redis")


def test_what_was_written_is_there_at_the_next_start(home: Path) -> None:
    with both(home, durable=False) as variables, psycopg.connect(variables["DATABASE_URL"]) as line:
        line.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with both(home, durable=False) as variables, psycopg.connect(variables["DATABASE_URL"]) as line:
        assert line.execute("SELECT number FROM kept").fetchone() == (7,)


def test_the_real_one_waits_for_the_disk(home: Path) -> None:
    with both(home) as variables, psycopg.connect(variables["DATABASE_URL"]) as line:
        shown = {
            name: line.execute(f"SHOW {name}").fetchone()
            for name in ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "jit")
        }
    assert shown == {
        "fsync": ("on",),
        "synchronous_commit": ("on",),
        "full_page_writes": ("on",),
        "listen_addresses": ("",),
        "jit": ("off",),
    }


def test_nobody_else_can_look_in_and_no_folder_of_others_changes(home: Path) -> None:
    above = [path.stat().st_mode for path in home.parents]
    with both(home, durable=False):
        for folder in (home, home / "postgres", home / "redis", home / "run"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
            assert folder.stat().st_uid == os.geteuid(), folder
    assert [path.stat().st_mode for path in home.parents] == above


def test_a_server_killed_hard_starts_again(home: Path) -> None:
    first = start(Postgres(home, durable=False))
    first.process.kill()
    first.process.wait()
    assert (home / "postgres" / "postmaster.pid").exists()
    with both(home, durable=False) as variables:
        assert one(variables["DATABASE_URL"]) == 1


def test_a_pid_file_whose_number_is_a_strangers_now_is_dropped(home: Path) -> None:
    start(Postgres(home, durable=False)).stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (home / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{home / 'postgres'}\n")
        with both(home, durable=False) as variables:
            assert one(variables["DATABASE_URL"]) == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_outlived_its_starter_is_replaced(home: Path) -> None:
    old = start(Postgres(home, durable=False)), start(Redis(home))
    with both(home, durable=False) as variables:
        assert one(variables["DATABASE_URL"]) == 1
        assert redis.Redis.from_url(variables["REDIS_URL"]).ping()
    assert all(left.process.wait(5) is not None for left in old)


def test_a_second_one_on_the_same_folder_is_told_so(home: Path) -> None:
    with DataLock(home), pytest.raises(StartError, match=rf"process {os.getpid()}\) is running on .*DATA_DIR="):
        DataLock(home).__enter__()
    with DataLock(home):
        assert (home / "run" / "lock").read_text() == str(os.getpid())


def test_another_versions_cluster_is_refused(home: Path) -> None:
    start(Postgres(home, durable=False)).stop()
    (home / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartError, match="written by PostgreSQL 12"):
        Postgres(home).prepare()


def test_a_folder_too_deep_or_oddly_named_for_sockets_gets_a_short_private_one(tmp_path: Path) -> None:
    for deep in (tmp_path / ("d" * 100), tmp_path / "with, comma"):
        with both(deep, durable=False) as variables:
            assert one(variables["DATABASE_URL"]) == 1
            short = sockets.folder(deep)
            assert short == sockets.folder(deep)
            assert not short.is_relative_to(deep)
            assert stat.S_IMODE(short.stat().st_mode) == 0o700
        short.rmdir() if not any(short.iterdir()) else pytest.fail(f"{short} is not empty")


def test_a_socket_folder_that_others_can_open_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(StartError, match="only this user can open"):
        sockets.make_private(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(StartError, match="only this user can open"):
        sockets.make_private(link)


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    start(Postgres(home, durable=False)).stop()
    with (home / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(StartError, match=r"postgres did not start: .*postgresql\.conf"):
        start(Postgres(home, durable=False))


def test_an_old_socket_file_is_no_answer(home: Path) -> None:
    server = Redis(home)
    server.prepare()
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(server.path))
    assert not server.answers(os.getpid())


def run_with_servers(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "runner.embedded", "run", "--data", str(home), "--", *command]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_one_command_with_the_servers_gives_its_exit_code_and_leaves_none(home: Path) -> None:
    done = run_with_servers(home, "sh", "-c", "echo $DATABASE_URL; exit 7")
    assert done.returncode == 7
    assert done.stdout.strip() == Postgres(home).url
    assert not processes_in(home / "postgres")


def test_one_command_joins_the_servers_that_already_run(home: Path) -> None:
    with both(home, durable=False):
        done = run_with_servers(home, "sh", "-c", "echo $REDIS_URL")
        assert done.stdout.strip() == Redis(home).url
        assert processes_in(home / "postgres")


def test_a_killed_starter_takes_its_servers_with_it(home: Path) -> None:
    command = [sys.executable, "-m", "runner.embedded", "run", "--data", str(home), "--", "sleep", "60"]
    starter = subprocess.Popen(command, cwd=ROOT)
    try:
        assert proc.wait_until(lambda: bool(sleeps_of(starter.pid)), 60)
        (child,) = sleeps_of(starter.pid)
    finally:
        starter.kill()
        starter.wait()
    assert proc.wait_until(lambda: not processes_in(home / "postgres") + processes_in(home / "redis"), 10)
    os.kill(child, signal.SIGKILL)


def sleeps_of(starter: int) -> list[int]:
    """The `sleep` that the starter runs, once it does."""
    found = [pid for pid in proc.pids() if proc.executable(pid).endswith("/sleep")]
    return [pid for pid in found if proc.parent(pid) == starter]
