"""The clock of all rounds goes on whatever somebody does to the machine's time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery import current_app

from config.beat import FIRST_SECONDS, MonotonicScheduler


class Driven(MonotonicScheduler):
    """Its monotonic clock is the test's; what it would send is noted."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sent: list[Any] = []
        current_app.finalize()
        super().__init__(current_app)

    def monotonic(self) -> float:
        return self.now

    @property
    def producer(self) -> None:
        return None

    def apply_entry(self, entry, producer=None) -> None:
        self.sent.append(entry.name)

    def after(self, seconds: float) -> list[str]:
        """What it sends in so many seconds, called as often as it asks to be."""
        self.sent, end = [], self.now + seconds
        while True:
            wait = self.tick()
            if self.now + wait > end:
                self.now = end
                return self.sent
            self.now += wait


@pytest.fixture
def beat() -> Driven:
    it = Driven()
    it.tick()
    return it


def test_each_task_comes_at_its_interval(beat):
    beat.after(60)
    sent = beat.after(60)
    assert sent.count("sandboxes.tasks.act") == 30
    assert sent.count("sandboxes.tasks.poll") == 12
    assert sent.count("events.tasks.sync") == 4
    assert sent.count("events.tasks.tend_webhooks") == 1


@pytest.mark.parametrize("hours", [-1, 3])
def test_wall_clock_that_is_set_changes_nothing(beat, hours):
    beat.after(60)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours)):
        sent = beat.after(60)
    assert sent.count("events.tasks.sync") == 4
    assert sent.count("sandboxes.tasks.act") == 30
    assert beat.after(60).count("events.tasks.sync") == 4


def test_hourly_task_comes_soon_after_a_start(beat):
    assert beat.after(FIRST_SECONDS).count("dashboard.tasks.retain") == 1
    assert beat.after(3599).count("dashboard.tasks.retain") == 0
    assert beat.after(1).count("dashboard.tasks.retain") == 1


def test_missed_intervals_are_not_made_up_for(beat):
    beat.after(60)
    beat.now += 3600
    assert beat.after(0).count("events.tasks.sync") == 1


def test_celery_is_told_to_use_it():
    assert current_app.conf.beat_scheduler == "config.beat:MonotonicScheduler"
