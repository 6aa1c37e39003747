"""Which parts of a run we hold nothing of, and in which windows to ask for them."""

from hypothesis import given
from hypothesis import strategies as st

from sandboxes.metrics.series.spans import WINDOW_SECONDS, Span, missing, step_seconds, windows


def polled(*minutes: int) -> set[int]:
    return set(minutes)


def test_a_run_before_we_watched_is_missing_as_a_whole():
    assert missing([Span(30, 600)], polled(), []) == [Span(30, 600)]


def test_only_what_comes_before_the_first_frame_is_missing():
    assert missing([Span(30, 600)], polled(5, 6, 7, 8, 9), []) == [Span(30, 300)]


def test_a_hole_in_our_watch_is_missing():
    assert missing([Span(0, 600)], polled(0, 1, 2, 6, 7, 8, 9), []) == [Span(180, 360)]


def test_what_was_filled_before_is_not_asked_for_again():
    assert missing([Span(0, 600)], polled(), [Span(0, 330)]) == [Span(360, 600)]


def test_less_than_a_minute_is_not_worth_a_call():
    assert missing([Span(30, 130)], polled(1, 2), []) == []


def test_each_run_has_its_own_parts():
    assert missing([Span(600, 900), Span(0, 300)], polled(), []) == [Span(0, 300), Span(600, 900)]


def test_an_hour_is_read_finely_and_a_day_coarsely():
    assert step_seconds(Span(0, 3599)) == 5
    day = windows(Span(0, 86_400))
    assert {step_seconds(window) for window in day} == {30}
    assert (day[0].start, day[-1].end) == (0, 86_400)


@given(st.integers(0, 10**6), st.integers(60, 10**6), st.sets(st.integers(0, 2 * 10**4)))
def test_missing_parts_lie_inside_the_run_and_outside_the_polled_minutes(start: int, length: int, minutes: set[int]):
    run = Span(start, start + length)
    parts = missing([run], minutes, [])
    for part in parts:
        assert run.start <= part.start < part.end <= run.end
        assert not minutes & set(range(part.start // 60, -(-part.end // 60)))
        assert all(window.end - window.start <= WINDOW_SECONDS for window in windows(part))
    assert parts == sorted(parts)
