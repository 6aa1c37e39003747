"""The search through the model for a bounded time: it ends when its time is up, and shrinks what it finds."""

import sys
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import FlakyStrategyDefinition, HypothesisException
from hypothesis.stateful import run_state_machine_as_test

from tests.sandboxes.cleanup.reaper_model.machine import Fleet

STEPS = 8
ENDLESS = 10**6  # examples: time ends it


class TimeIsUp(BaseException):
    """No new life is begun. Hypothesis lets it pass, or complains that this life drew nothing."""


class Searched(Fleet):
    """A life of the search; once one has failed, shrinking takes the time that it needs (at most five minutes)."""

    until: float
    failed: bool
    over: bool
    lives: int

    def __init__(self) -> None:
        if not self.failed and time.monotonic() > self.until:
            Searched.over = True
            raise TimeIsUp
        Searched.lives += 1
        super().__init__()

    def teardown(self) -> None:
        self.note(sys.exception())
        try:
            super().teardown()
        except Exception as error:
            self.note(error)
            raise

    @staticmethod
    def note(error: BaseException | None) -> None:
        Searched.failed |= isinstance(error, Exception) and not isinstance(error, HypothesisException)


def search(seconds: float, number: int) -> int:
    """How many lives were led. With the same seed `number` the same ones in the same order, but for what runs at once.

    Raises what the smallest failing life raised.
    """
    Searched.until, Searched.lives = time.monotonic() + seconds, 0
    Searched.failed = Searched.over = False
    given = settings(
        max_examples=ENDLESS, stateful_step_count=STEPS, deadline=None, derandomize=False, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink], print_blob=True,
    )  # fmt: skip
    try:
        run_state_machine_as_test(seed(number)(Searched), settings=given)
    except (TimeIsUp, FlakyStrategyDefinition):
        if not Searched.over:
            raise
    return Searched.lives
