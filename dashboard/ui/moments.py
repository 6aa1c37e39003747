"""A time as programs and addresses write it. Pure."""

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
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
