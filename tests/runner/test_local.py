"""A command in a shell works on what `make run` works on, and on nothing else."""

import os
from pathlib import Path

import pytest

from runner.embedded import Postgres, Redis, local

NAMES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shell that has set DATA_DIR alone."""
    monkeypatch.setattr(os, "environ", {**os.environ, "DATA_DIR": str(tmp_path / "var")})
    for name in NAMES:
        os.environ.pop(name, None)
    return tmp_path / "var"


def test_command_finds_the_embedded_servers_and_the_key_of_sessions(shell: Path) -> None:
    Postgres(shell).identity.cluster.mkdir(parents=True)
    (shell / "secret_key").write_text("of-the-first-start\n")
    local.point_at_servers()
    assert os.environ["DATABASE_URL"] == Postgres(shell).url
    assert os.environ["REDIS_URL"] == Redis(shell).url
    assert os.environ["SECRET_KEY"] == "of-the-first-start"


def test_command_leaves_what_the_shell_has_set(shell: Path) -> None:
    Postgres(shell).identity.cluster.mkdir(parents=True)
    os.environ["DATABASE_URL"] = "postgresql://elsewhere/x"
    local.point_at_servers()
    assert os.environ["DATABASE_URL"] == "postgresql://elsewhere/x"
    assert "REDIS_URL" not in os.environ


def test_command_makes_no_folder_where_there_is_none(shell: Path) -> None:
    local.point_at_servers()
    assert "DATABASE_URL" not in os.environ
    assert not shell.exists()
