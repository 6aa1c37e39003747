"""Times as E2B writes and reads them: RFC 3339 in UTC, sometimes down to the nanosecond."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"\.(\d+)")


@lru_cache(maxsize=1024)  # a fleet is sampled in the same few seconds
def text(at: float, nanos: int | None = None) -> str:
    """`at` in Unix seconds as text with microseconds, and three digits more when `nanos` (0 to 999) is given."""
    moment = _EPOCH + timedelta(microseconds=round(at * 1_000_000))
    digits = "" if nanos is None else f"{nanos:03d}"
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + digits + "Z"


def seconds(written: str) -> float:
    """Unix seconds of an RFC 3339 text, to the microsecond. ValueError when it is none or lacks its zone."""
    cut = _FRACTION.sub(lambda found: "." + found.group(1)[:6].ljust(6, "0"), written.replace("Z", "+00:00"))
    # A "+" that was not percent-encoded in a query arrives as a space.
    moment = datetime.fromisoformat(cut.replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return (moment - _EPOCH) / timedelta(seconds=1)
