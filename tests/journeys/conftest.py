"""One browser, one `make run` and one simulated fleet for all tests of a module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.journeys.fleet import Fleet, running
from tests.runner.conftest import Supervised, a_free_port, watched
from tests.support.chromium import launched

MARKS = 12


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def fleet(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet with samples, some of it marked by a policy."""
    home = tmp_path_factory.mktemp("journeys") / "data"
    for stack in watched(Supervised(home, a_free_port(), ("-m", "runner.supervisor"))):
        with running(stack, browser) as known:
            known.marked(MARKS)
            yield known
