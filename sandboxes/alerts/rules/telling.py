"""When an alert is told, and what holds it back. Pure."""

from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

MOST_A_MINUTE: Final = 20
MOST_AN_HOUR: Final = 50

Event = Literal["firing", "resolved"]


class Situation(Struct, frozen=True, kw_only=True):
    """How an alert stands, and what was told of it.

    `told_at` is when its firing was told last, None for never; `over_told` that its end was. `records_until` is when
    whatever only records for now (a new rule, a new account, our own start) begins to tell.
    """

    state: Literal["firing", "acknowledged", "resolved"]
    told_at: datetime | None = None
    over_told: bool = False
    records_until: datetime | None = None
    silenced: bool = False
    quiet: bool = False


def held_back(at: Situation, now: datetime) -> str:
    """Why nobody is told of one that fires; empty when somebody is."""
    if at.silenced:
        return "silenced"
    if at.records_until is not None and now < at.records_until:
        return "recording"
    return "quiet hours" if at.quiet else ""


def due(at: Situation, now: datetime, repeat: timedelta) -> Event | None:
    """What is to be told now: that it fires, again after `repeat` until somebody acknowledges it; that it is over,
    where its firing was told."""
    if at.state == "resolved":
        return "resolved" if at.told_at is not None and not at.over_told else None
    if at.state == "acknowledged" or held_back(at, now):
        return None
    return "firing" if at.told_at is None or now - at.told_at >= repeat else None


def is_crowd(now_firing: int, last_minute: int, last_hour: int) -> bool:
    """Whether so many groups of one rule fire (`now_firing` beside those of the last minute and hour) that they are one
    alert."""
    return now_firing + last_minute > MOST_A_MINUTE or now_firing + last_hour > MOST_AN_HOUR
