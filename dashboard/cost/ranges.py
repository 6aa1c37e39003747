"""The times that the Cost page can show: the last day, week or month, or from any moment to another."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext, gettext_noop

from dashboard.ui.moments import moment, typed
from sandboxes.cost import QuestionError

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BY_HOUR: Final = timedelta(days=8)  # a longer time has a bar a day
LONGEST: Final = timedelta(days=400)  # as long as runs are kept
HOURS_IN_CSV: Final = timedelta(days=3)


@dataclass(frozen=True)
class Range:
    """A time with its buckets: `count` up to now, of which the last one still goes on; or from `start` to `until`."""

    word: str
    sub: str
    bucket: str
    count: int
    start: datetime | None = None
    until: datetime | None = None

    @property
    def step(self) -> timedelta:
        return DAY if self.bucket == "day" else HOUR

    @property
    def length(self) -> timedelta:
        """Whole buckets: by so much earlier lies the time before, which it is compared with."""
        return self.step * self.count

    def shown(self) -> "Range":
        """With its words in the reader's language."""
        return self if self.start else replace(self, word=gettext(self.word), sub=gettext(self.sub))

    def starts(self, now: datetime) -> list[datetime]:
        """Of each bucket, oldest first."""
        if self.start:
            first = _floor(self.start, self.bucket)
            return [first + self.step * number for number in range(-(-(self.end(now) - first) // self.step))]
        newest = _floor(now, self.bucket)
        return [newest - self.step * (self.count - 1 - number) for number in range(self.count)]

    def begin(self, now: datetime) -> datetime:
        """From when on costs count: its own start, else that of its first bucket."""
        return self.start or self.starts(now)[0]

    def end(self, now: datetime) -> datetime:
        """Until when they do: never later than now."""
        return min(self.until or now, now)

    def is_short(self, now: datetime) -> bool:
        """Whether a file of it may have a row an hour."""
        return self.bucket == "hour" and self.end(now) - self.begin(now) <= HOURS_IN_CSV


RANGES: Final = {
    "24h": Range(gettext_noop("24 h"), gettext_noop("last 24 hours"), "hour", 24),
    "7d": Range(gettext_noop("7 days"), gettext_noop("last 7 days"), "hour", 168),
    "30d": Range(gettext_noop("30 days"), gettext_noop("last 30 days"), "day", 30),
}


def between(start_text: str, until_text: str, now: datetime) -> Range:
    """From one typed time to another, or to now. Raises QuestionError, naming what makes no sense."""
    start, until = _moment("from", start_text, now), _moment("to", until_text, now) if until_text else now
    if start >= min(until, now):
        raise QuestionError("from must lie before to, and before now")
    if until - start > LONGEST:
        raise QuestionError(f"from and to must lie within {LONGEST.days} days")
    bucket = "hour" if until - start <= BY_HOUR else "day"
    words = f"{_said(start)} – {_said(until, start)}"
    made = Range(gettext("range"), words, bucket, 0, start, min(until, now))
    return replace(made, count=len(made.starts(now)))


def quick(now: datetime) -> list[tuple[str, dict[str, str]]]:
    """Times that people ask for by name, as parameters of the address."""
    today = _floor(now, "day")
    night = today - 2 * HOUR, today + 6 * HOUR
    if now < night[1]:
        night = night[0] - DAY, night[1] - DAY
    times = ((gettext("Last night"), *night), (gettext("Yesterday"), today - DAY, today))
    return [(word, {"from": _address(start), "to": _address(until)}) for word, start, until in times]


def _moment(name: str, text: str, now: datetime) -> datetime:
    try:
        return moment(text)
    except ValueError:
        at = typed(text, now)
    if at is None:
        raise QuestionError(f"{name} must be a time such as 2026-11-27 22:00 or yesterday 22:00, not {text!r}")
    return at


def _floor(at: datetime, bucket: str) -> datetime:
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour.replace(hour=0) if bucket == "day" else hour


def _address(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"


def _said(at: datetime, beside: datetime | None = None) -> str:
    """`27 Nov, 22:00`; the day is left out where the other end has the same."""
    return f"{at:%H:%M}" if beside and at.date() == beside.date() else f"{at.day} {at:%b, %H:%M}"
