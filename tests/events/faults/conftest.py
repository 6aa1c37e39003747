"""One stack for all tests that break it; each leaves it whole."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.events.faults.stack import Stack


@pytest.fixture(scope="session")
def standing_stack() -> Iterator[Stack]:
    """PostgreSQL with fsync, Redis, and the account `prod`."""
    home = Path(tempfile.mkdtemp(prefix="sandwarden-faults-", dir="/tmp"))  # short: Unix sockets live in it
    stack = Stack(home)
    try:
        stack.start()
        yield stack
        stack.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def stack(standing_stack: Stack) -> Iterator[Stack]:
    """The stack without a web process; those that a test starts end with it."""
    yield standing_stack
    standing_stack.stop_webs()
