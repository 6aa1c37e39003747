"""An empty simulated E2B with a clock in the test's hand, served over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from simulator import DEFAULT_API_KEY, ManualClock, Simulator, empty
from simulator.served import Served, served
from tests.simulator.receiver import Receiver, receiving


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_790_000_000.0)


@pytest.fixture
def e2b(clock: ManualClock) -> Iterator[Served]:
    with served(empty(duplicate_share=0.0, late_share=0.0), clock) as running:
        yield running


@pytest.fixture
def simulator(e2b: Served) -> Simulator:
    return e2b.simulator


@pytest.fixture
def api(e2b: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=e2b.url, headers={"X-API-Key": DEFAULT_API_KEY}, trust_env=False) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening
