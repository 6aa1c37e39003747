"""Which pg_dump serves a server, and what its command line shows to others."""

import os
from pathlib import Path

import pytest

from runner.backup import BackupError, programs
from runner.backup.programs import Database
from runner.embedded.identity import wheel_programs


def on_path(folder: Path, version: str, names: tuple[str, ...] = programs.NEEDED) -> str:
    """A PATH on which PostgreSQL's programs have this version."""
    folder.mkdir()
    for name in names:
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_programs_on_path_serve_where_they_are_new_enough(tmp_path: Path) -> None:
    path = on_path(tmp_path / "bin", "15.4 (Debian 15.4-1)")
    assert programs.folder(15, path) == tmp_path / "bin"


def test_wheel_serves_where_the_programs_on_path_are_too_old(tmp_path: Path) -> None:
    assert programs.folder(18, on_path(tmp_path / "bin", "15.4")) == wheel_programs()


def test_wheel_serves_where_one_program_is_missing_on_path(tmp_path: Path) -> None:
    path = on_path(tmp_path / "bin", "19.1", ("pg_dump", "pg_restore"))
    assert programs.folder(18, path) == wheel_programs()


def test_error_names_the_versions_when_none_is_new_enough(tmp_path: Path) -> None:
    with pytest.raises(
        BackupError, match=r"The server is PostgreSQL 99, .* has version 15; .* has version 18\. Install"
    ):
        programs.folder(99, on_path(tmp_path / "bin", "15.4"))


def test_password_is_in_the_environment_and_not_on_the_command_line() -> None:
    database = Database("postgresql://me:pa%2Fss@db.example:5433/mine?sslmode=require")
    assert "pa/ss" not in database.conninfo
    assert database.environment["PGPASSWORD"] == "pa/ss"
    assert sorted(database.conninfo.split()) == [
        "dbname=mine", "host=db.example", "port=5433", "sslmode=require", "user=me",
    ]  # fmt: skip


def test_unreachable_server_is_told() -> None:
    with pytest.raises(BackupError, match="does not answer"):
        Database("postgresql://me@127.0.0.1:1/mine").server_version()
