"""A client whose clock the test drives, and answers as E2B spells them."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import respx

from sandboxes.e2b import E2BClient, Timing

BASE = "http://backend.test/e2b/api"
KEY = "e2b_0123456789abcdef0123456789abcdef01234567"


class DrivenClock:
    """Sleeping moves it on at once, and is written down."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 8, 21, 12, 0, tzinfo=UTC) + timedelta(seconds=self.seconds - 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    @property
    def timing(self) -> Timing:
        return Timing(self.now, self.monotonic, self.sleep, lambda _low, high: high)


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def api() -> Iterator[respx.MockRouter]:
    """The backend; a call that no route answers fails the test."""
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router


@pytest.fixture
async def client(api: respx.MockRouter, clock: DrivenClock) -> AsyncIterator[E2BClient]:
    async with E2BClient(BASE, KEY, timing=clock.timing) as made:
        yield made


@pytest.fixture
def listed() -> Callable[..., dict[str, Any]]:
    """An entry of the list as E2B sends it."""

    def entry(sandbox_id: str = "i0123456789abcdefghij", **changes: Any) -> dict[str, Any]:
        full = {
            "sandboxID": sandbox_id, "templateID": "rki5dems9wqfm4r03t7g", "alias": "base", "clientID": "6532622b",
            "startedAt": "2026-08-21T11:00:00Z", "endAt": "2026-08-21T13:00:00Z", "cpuCount": 2, "memoryMB": 512,
            "diskSizeMB": 1024, "state": "running", "metadata": {"userId": "u1"}, "envdVersion": "0.6.0",
        }  # fmt: skip
        return full | changes

    return entry


@pytest.fixture
def sample() -> Callable[..., dict[str, Any]]:
    """A metric as E2B sends it."""

    def metric(**changes: Any) -> dict[str, Any]:
        full = {
            "timestamp": "2026-08-21T12:00:00Z", "timestampUnix": 1787313600, "cpuCount": 2, "cpuUsedPct": 12.34,
            "memUsed": 100_000_000, "memTotal": 536_870_912, "memCache": 1_000_000, "diskUsed": 2_000_000_000,
            "diskTotal": 10_000_000_000,
        }  # fmt: skip
        return full | changes

    return metric
