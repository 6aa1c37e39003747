"""How far tests search with Hypothesis: `HYPOTHESIS_PROFILE` is ci (`make test`), dev, or soak (`make test-full`)."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

FACTORS: Final = {"ci": 0.34, "dev": 1.0, "soak": 10.0}
LEAST: Final = 20
WITH_FIXTURES: Final = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]  # each example makes its own
PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "ci")


def examples(number: int) -> int:
    """So many in the profile `dev`; a third of them in CI, ten times as many in `soak`."""
    return max(LEAST, round(number * FACTORS[PROFILE]))


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
