"""When a message that did not arrive is tried again: ten times within a day. Pure."""

from datetime import timedelta
from typing import Final

# Seconds after each failed try; together 24 h.
PAUSES: Final = (30, 60, 120, 300, 900, 2_700, 7_200, 14_400, 21_600, 39_090)
LONGEST_ASKED: Final = 3_600.0  # what another side may ask for


def pause(attempts: int, retry_after: float | None = None) -> timedelta | None:
    """How long to wait after `attempts` failed tries; None once there is no further one.

    A side that asks for more is left alone for as long, an hour at most.
    """
    if attempts > len(PAUSES):
        return None
    asked = min(max(retry_after or 0.0, 0.0), LONGEST_ASKED)
    return timedelta(seconds=max(float(PAUSES[attempts - 1]), asked))
