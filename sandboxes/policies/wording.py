"""Evidence in plain words: durations that change seldom (so that a held verdict is seldom rewritten), times in UTC."""

from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def span(seconds: float) -> str:
    """Whole units, of the largest that holds two of them: `45 s`, `90 min`, `27 h`, `3 d`."""
    for size, unit in _UNITS:
        if seconds >= 2 * size or size == 1:
            return f"{int(seconds // size)} {unit}"
    raise AssertionError("the smallest unit always answers")


def limit(seconds: float) -> str:
    """A limit exactly: `1 d`, `36 h`, `10 min`, `90 s`."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)} {unit}"
    return f"{seconds:g} s"


def limit_of(seconds: object) -> str:
    """The limit that a policy gives, `none` where it gives none."""
    return limit(seconds) if isinstance(seconds, int) else "none"


def clock(moment: datetime) -> str:
    """`2026-08-21 14:03:07 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
