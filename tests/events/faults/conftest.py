"""One house for all tests that break it; each leaves it whole."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.events.faults.house import House


@pytest.fixture(scope="session")
def standing_house() -> Iterator[House]:
    """PostgreSQL with fsync, Redis, and the account `prod`."""
    home = Path(tempfile.mkdtemp(prefix="sandwarden-faults-", dir="/tmp"))  # short: Unix sockets live in it
    house = House(home)
    try:
        house.start()
        yield house
        house.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def house(standing_house: House) -> Iterator[House]:
    """The house without a web process; those that a test starts end with it."""
    yield standing_house
    standing_house.stop_webs()
