"""Figures in words, as the pages write them: spans, sizes, percent, money. Pure.

static/js/format.js writes the same; tests/format_cases.json holds both to it. Ties are rounded half up, away from zero.
"""

import math
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from dashboard.ui.translation import gettext as _

GIB, MIB = 1024**3, 1024**2
DASH = "–"
Number = float | Decimal
_HALF_UP: Final = Context(prec=400, rounding=ROUND_HALF_UP)  # room for every float


def fixed(value: Number, digits: int = 0, *, grouped: bool = False) -> str:
    """`value` with so many decimals, as JavaScript's `toFixed`; `grouped`: thousands apart. Never `-0`."""
    if not math.isfinite(value):
        return str(value)
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), context=_HALF_UP)
    return f"{rounded or abs(rounded):{',' if grouped else ''}f}"


def _round(value: Number) -> int:
    return int(Decimal(value).quantize(Decimal(1), context=_HALF_UP))


def whole(value: Number | None) -> str:
    """A count with thousands apart: `1,912`; a dash when unknown."""
    return DASH if value is None else fixed(value, grouped=True)


def span(seconds: Number | None) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `14 h`, `6 d`: the largest unit that says enough."""
    if seconds is None:
        return DASH
    count = max(0, _round(seconds))
    if count < 60:
        return f"{count} s"
    if count < 3600:
        return f"{count // 60} min"
    if count < 36_000:
        hours, minutes = count // 3600, count // 60 % 60
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{_round(count / 3600)} h" if count < 2 * 86_400 else f"{_round(count / 86_400)} d"


def exact_span(seconds: Number) -> str:
    """`4 min 10 s`: both of the two largest units, for what counts down."""
    count = max(0, _round(seconds))
    return f"{count // 60} min {count % 60:02d} s" if 60 <= count < 3600 else span(count)


def relative(moment: datetime | None, now: datetime) -> str:
    """`3 min ago`, `in 9 min`, `now`."""
    if moment is None:
        return DASH
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return _("%(span)s ago") % {"span": span(seconds)} if seconds > 0 else _("in %(span)s") % {"span": span(-seconds)}


def end(moment: datetime | None, now: datetime) -> str:
    """The end of a sandbox: `in 26 min`, `now`, `23 min late`."""
    return _ending(moment, now, span)


def exact_end(moment: datetime | None, now: datetime) -> str:
    """The same to the second: `in 26 min 04 s`."""
    return _ending(moment, now, exact_span)


def _ending(moment: datetime | None, now: datetime, words: Callable[[float], str]) -> str:
    if moment is None:
        return DASH
    left = (moment - now).total_seconds()
    if abs(left) < 1:
        return _("now")
    return _("in %(span)s") % {"span": words(left)} if left > 0 else _("%(span)s late") % {"span": words(-left)}


def due(moment: datetime, now: datetime, frozen_at: datetime | None = None) -> str:
    """What a policy is about to do: `in 38 s`, `now`, or while policies are frozen `paused with 38 s to go`."""
    if frozen_at is not None:
        left = exact_span((moment - frozen_at).total_seconds()).replace(" ", "\u00a0")
        return _("paused with %(span)s to\u00a0go") % {"span": left}
    left_seconds = (moment - now).total_seconds()
    return _("now") if left_seconds < 1 else _("in %(span)s") % {"span": exact_span(left_seconds)}


def short_due(moment: datetime, now: datetime, frozen_at: datetime | None = None) -> str:
    """The same where there is little room: `acts in 38 s`, `acts now`, `frozen, 38 s`."""
    if frozen_at is not None:
        return _("frozen, %(span)s") % {"span": span((moment - frozen_at).total_seconds())}
    left = (moment - now).total_seconds()
    return _("acts now") if left < 1 else _("acts in %(span)s") % {"span": span(left)}


def duration(seconds: Number | None) -> str:
    """A length that somebody set, exactly: `1 min 30 s`, `2 h 15 min`, `1 d 12 h`."""
    if seconds is None:
        return DASH
    left, parts = max(0, _round(seconds)), []
    for size_seconds, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if left >= size_seconds:
            parts.append(f"{left // size_seconds} {unit}")
        left %= size_seconds
    return " ".join(parts) or "0 s"


def exact(moment: datetime | None) -> str:
    """`Thu 20 Nov 2025, 14:16:21 UTC`."""
    return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M:%S} UTC" if moment else ""


def size(count: float | None) -> str:
    """Bytes as `3.35 GiB` or `512 MiB`."""
    if count is None:
        return DASH
    return f"{fixed(count / GIB, 2)} GiB" if count >= GIB else f"{fixed(count / MIB)} MiB"


def size_of(count: float | None, limit: float | None) -> str:
    """Bytes without a unit, in that of the limit beside them: `3.35` of `8 GiB`."""
    if count is None:
        return DASH
    return fixed(count / GIB, 2) if limit and limit >= GIB else fixed(count / MIB)


def round_size(count: float | None) -> str:
    """Bytes of a limit: `8 GiB`, `512 MiB`, a decimal only where it has one."""
    if not count:
        return DASH
    value, unit = (count / GIB, "GiB") if count >= GIB else (count / MIB, "MiB")
    return fixed(value, 1).removesuffix(".0") + f" {unit}"


def percent(value: float | None, digits: int = 1) -> str:
    """`6.7%`."""
    return DASH if value is None else f"{fixed(value, digits)}%"


def usd(value: float | None) -> str:
    """`$0.285` under a dollar, `$315.11` above it."""
    if value is None:
        return DASH
    return f"${fixed(value, 3)}" if abs(value) < 1 else f"${fixed(value, 2, grouped=True)}"
