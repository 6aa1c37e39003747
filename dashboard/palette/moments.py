"""A time that somebody typed, as a moment of the past: `02:13` is today's or yesterday's, whichever was last. Pure."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final

_TIME: Final = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)[ T]|(?P<day>today|yesterday) )?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?:utc|z))?",
    re.IGNORECASE,
)


def moment_of(text: str, now: datetime) -> datetime | None:
    """The moment in UTC, None for what is no time or lies ahead.

    Takes `02:13`, `2:13:30`, `yesterday 02:13`, `2026-11-27 02:13:30`, each with or without `UTC`.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    now = now.astimezone(UTC)
    try:
        day = datetime.fromisoformat(found["date"]).date() if found["date"] else now.date()
        clock = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0), tzinfo=UTC)
    except ValueError:
        return None
    moment = datetime.combine(day, clock)
    word = (found["day"] or "").lower()
    if word == "yesterday" or (not word and not found["date"] and moment > now):
        moment -= timedelta(days=1)
    return moment if moment <= now else None
