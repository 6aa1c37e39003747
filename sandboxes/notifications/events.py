"""What can be told: the types of notifications, how urgent each severity is, and who may ask for what. Pure."""

from collections.abc import Sequence
from typing import Final

SEVERITIES: Final = ("info", "warning", "critical")
FIRING: Final = "alert.firing"
FOLLOWING: Final = ("alert.acknowledged", "alert.resolved")  # only told where the firing was
OF_ALERTS: Final = (FIRING, *FOLLOWING)
ORPHAN_MARKED: Final = "orphan.marked"
ACTION_CONFIRMED: Final = "action.confirmed"
ACTION_FAILED: Final = "action.failed"
HAPPENINGS: Final = (ORPHAN_MARKED, ACTION_CONFIRMED, ACTION_FAILED)  # many: for programs alone
LIMIT_REACHED: Final = "limit.reached"
TEST: Final = "channel.test"
FOR_PEOPLE: Final = (*OF_ALERTS, LIMIT_REACHED)
EVENTS: Final = (*OF_ALERTS, *HAPPENINGS, LIMIT_REACHED)  # what a channel can ask for


def allowed(kind: str) -> Sequence[str]:
    """The events that a channel of `kind` can ask for."""
    return EVENTS if kind == "webhook" else FOR_PEOPLE


def is_below(severity: str, least: str) -> bool:
    """Whether `severity` is less urgent than `least`."""
    return SEVERITIES.index(severity) < SEVERITIES.index(least)
