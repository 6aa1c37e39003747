"""How far tests search with Hypothesis: `HYPOTHESIS_PROFILE` is ci (`make test`), dev, or soak (`make test-full`).

A search for a bounded time starts at `HYPOTHESIS_SEED`, a fresh one for each run of the tests when it is not given; the
summary of the run names it.
"""

import os
import secrets
from typing import Final

from hypothesis import HealthCheck, settings

FACTORS: Final = {"ci": 0.34, "dev": 1.0, "soak": 10.0}
LEAST: Final = 20
WITH_FIXTURES: Final = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]  # each example makes its own
PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "ci")
# Set in the first process of the run, so that its workers inherit it.
SEED: Final = int(os.environ.setdefault("HYPOTHESIS_SEED", str(secrets.randbelow(2**32))))


def examples(number: int) -> int:
    """So many in the profile `dev`; a third of them in CI, ten times as many in `soak`."""
    return max(LEAST, round(number * FACTORS[PROFILE]))


def seconds(number: float) -> float:
    """So many in CI and in the profile `dev`; ten times as many in `soak`."""
    return number * max(1.0, FACTORS[PROFILE])


def register() -> None:
    """Loads the profile. No example has a deadline, and none is too slow: a busy machine fails no test."""
    for name in FACTORS:
        settings.register_profile(
            name,
            max_examples=examples(100),
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        )
    settings.load_profile(PROFILE)
