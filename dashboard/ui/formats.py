"""Figures in words, as the pages write them: spans, sizes, percent, money. Pure; static/js/format.js says the same."""

from datetime import datetime

GIB, MIB = 1024**3, 1024**2
DASH = "–"


def span(seconds: float | None) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `14 h`, `6 d`: the largest unit that says enough."""
    if seconds is None:
        return DASH
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 36_000:
        hours, minutes = whole // 3600, whole // 60 % 60
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(whole / 3600)} h" if whole < 2 * 86_400 else f"{round(whole / 86_400)} d"


def exact_span(seconds: float) -> str:
    """`4 min 10 s`: both of the two largest units, for what counts down."""
    whole = max(0, round(seconds))
    return f"{whole // 60} min {whole % 60:02d} s" if 60 <= whole < 3600 else span(whole)


def relative(moment: datetime | None, now: datetime) -> str:
    """`3 min ago`, `in 9 min`, `now`."""
    if moment is None:
        return DASH
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def exact(moment: datetime | None) -> str:
    """`Thu 20 Nov 2025, 14:16:21 UTC`."""
    return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M:%S} UTC" if moment else ""


def size(count: float | None) -> str:
    """Bytes as `3.35 GiB` or `512 MiB`."""
    if count is None:
        return DASH
    return f"{count / GIB:.2f} GiB" if count >= GIB else f"{count / MIB:.0f} MiB"


def size_of(count: float | None, limit: float | None) -> str:
    """Bytes without a unit, in that of the limit beside them: `3.35` of `8 GiB`."""
    if count is None:
        return DASH
    return f"{count / GIB:.2f}" if limit and limit >= GIB else f"{count / MIB:.0f}"


def round_size(count: float | None) -> str:
    """Bytes of a limit: `8 GiB`, `512 MiB`, a decimal only where it has one."""
    if not count:
        return DASH
    value, unit = (count / GIB, "GiB") if count >= GIB else (count / MIB, "MiB")
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def percent(value: float | None, digits: int = 1) -> str:
    """`6.7 %`."""
    return DASH if value is None else f"{value:.{digits}f} %"


def usd(value: float | None) -> str:
    """`$0.285` under a dollar, `$315.11` above it."""
    if value is None:
        return DASH
    return f"${value:.3f}" if abs(value) < 1 else f"${value:,.2f}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 sandbox`, `1,912 sandboxes`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
