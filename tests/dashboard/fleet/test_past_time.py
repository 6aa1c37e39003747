"""The time that `?at=` names: a moment of our record, or in words why none is shown."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.fleet.past_time import asked

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
BEGINS = NOW - timedelta(days=3)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-28T02:13:00Z", datetime(2026, 11, 28, 2, 13, tzinfo=UTC)),
        (str(int(NOW.timestamp()) - 60), NOW - timedelta(minutes=1)),
        ("02:13", datetime(2026, 11, 28, 2, 13, tzinfo=UTC)),
        ("2:13:40", datetime(2026, 11, 28, 2, 13, 40, tzinfo=UTC)),
        ("13:00", datetime(2026, 11, 27, 13, 0, tzinfo=UTC)),
        ("2026-11-27 02:13", datetime(2026, 11, 27, 2, 13, tzinfo=UTC)),
        ("2026-11-27", datetime(2026, 11, 27, tzinfo=UTC)),
    ],
)
def test_time_is_found_as_people_write_it(text, at):
    assert (asked(text, NOW, BEGINS).at, asked(text, NOW, BEGINS).note) == (at, "")


@pytest.mark.parametrize("text", ["2026-11-28T02:13:00Z", "1785555555"])
def test_address_with_its_second_stays_as_it_is(text):
    assert asked(text, NOW, BEGINS).is_plain


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2020-01-01", "no record of Wed 1 Jan 2020, 00:00:00 UTC: it begins at Wed 25 Nov 2026, 12:00:00 UTC"),
        ("2027-01-01", "has not come yet"),
        ("yesterday", "“yesterday” is not a time"),
        ("25:99", "is not a time"),
        ("2026-02-31", "is not a time"),
    ],
)  # fmt: skip
def test_other_times_are_said_to_be_none(text, says):
    found = asked(text, NOW, BEGINS)
    assert found.at is None
    assert says in found.note


def test_without_a_record_there_is_no_past():
    assert "no record yet" in asked("02:13", NOW, None).note
    assert asked("", NOW, None) == asked(" ", NOW, BEGINS)
