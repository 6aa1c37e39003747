"""A time as programs, addresses and people write it. Pure."""

import math
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TYPED: Final = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)(?:[ T]|$)|(?P<day>today|yesterday) )?"
    r"(?:(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?:utc|z))?)?",
    re.IGNORECASE,
)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = 253402300799  # 9999-12-31


def moment(value: Any) -> datetime:
    """Unix seconds or RFC 3339 as a time in UTC, never before 1970: nothing is on record from then, and arithmetic with
    the first and last years overflows. Raises ValueError for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value) or not 0 <= value <= _LAST_SECOND:
            raise ValueError("Unix seconds must be between 1970 and 9999")
        return datetime.fromtimestamp(value, UTC)
    # A `+` that was not percent-encoded arrives as a space.
    if isinstance(value, str) and _RFC3339.fullmatch(text := re.sub(r" (\d\d:\d\d)$", r"+\1", value)):
        whole = re.sub(r"(\.\d{6})\d+", r"\1", text.upper().replace("Z", "+00:00"))
        try:
            return max(datetime.fromisoformat(whole).astimezone(UTC), _FIRST)
        except OverflowError:
            raise ValueError("this time is out of range") from None
    raise ValueError("must be Unix seconds, or RFC 3339 with a zone such as 2026-08-21T10:00:00Z")


def typed(text: str, now: datetime) -> datetime | None:
    """What somebody typed as a moment in UTC; None for what is no time.

    Takes `02:13` and `2:13:30` (today's or yesterday's, whichever was last), `yesterday 02:13`, `2026-11-27` and
    `2026-11-27 02:13:30`, each with or without `UTC`. One that names its day may lie ahead.
    """
    found = _TYPED.fullmatch(text.strip())
    if found is None or not (found["date"] or found["hour"]):
        return None
    now = now.astimezone(UTC)
    try:
        day = datetime.fromisoformat(found["date"]).date() if found["date"] else now.date()
        hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
        clock = time(hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    at = datetime.combine(day, clock)
    word = (found["day"] or "").lower()
    if word == "yesterday" or (not word and not found["date"] and at > now):
        at -= timedelta(days=1)
    return at
