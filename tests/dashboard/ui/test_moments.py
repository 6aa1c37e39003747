"""A time that somebody typed: the last one that it can mean, in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboard.ui.moments import typed

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("02:13", "2026-11-28T02:13:00"), ("2:13", "2026-11-28T02:13:00"), ("09:30", "2026-11-28T09:30:00"),
        ("09:31", "2026-11-27T09:31:00"), ("23:59:58", "2026-11-27T23:59:58"), (" 02:13 utc ", "2026-11-28T02:13:00"),
        ("yesterday 02:13", "2026-11-27T02:13:00"), ("today 02:13", "2026-11-28T02:13:00"),
        ("2026-11-01", "2026-11-01T00:00:00"), ("2026-12-01 00:00", "2026-12-01T00:00:00"),
        ("2026-11-01 14:00", "2026-11-01T14:00:00"), ("2026-11-01T14:00:05Z", "2026-11-01T14:00:05"),
    ],
)  # fmt: skip
def test_time_is_the_last_one_it_can_mean(text: str, moment: str) -> None:
    assert typed(text, NOW) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "0213", "24:00", "02:60", "02:13:61", "today", "today ", "2026-02-30 10:00", "2026-11-0114:00", "iabc:12"],
)
def test_other_texts_are_no_time(text: str) -> None:
    assert typed(text, NOW) is None


def test_day_is_that_of_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=14)))
    assert typed("02:13", there) == datetime(2026, 11, 28, 2, 13, tzinfo=UTC)
