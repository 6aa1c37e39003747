"""A tick's frame: what is new, what is carried, and what is no sample at all."""

from math import inf, nan
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandboxes.e2b.wire import Metric
from sandboxes.metrics.series.frame import MAX_AGE_SECONDS, NO_SAMPLE, Frame, Running, build, reading, seen_in

NOW = 1_800_000_000
ONE = Running(7, "i7", NOW - 600)


def metric(unix: float = NOW - 2, **fields: Any) -> Metric:
    plain: dict[str, Any] = {
        "cpu_used_pct": 25.0, "mem_used": 1024 * 300, "mem_total": 1024 * 512, "disk_used": 0, "disk_total": 0,
    }  # fmt: skip
    return Metric(timestamp_unix=unix, **(plain | fields))


def tick(*answers: Metric, before: Frame | None = None, at: int = NOW, running: tuple[Running, ...] = (ONE,)) -> Frame:
    by_id = {one.sandbox_id: answer for one, answer in zip(running, answers, strict=False)}
    return build(running, by_id, seen_in(before) if before else {}, at)


def test_a_sample_becomes_an_entry_with_its_age():
    frame = tick(metric())
    assert (frame.keys, frame.ages, frame.fresh) == ([7], [2], [True])
    assert (frame.cpu, frame.mem, frame.mem_total) == ([2500], [300], [512])


def test_a_sample_seen_before_is_carried_with_its_age_and_is_not_fresh():
    again = tick(metric(), before=tick(metric()), at=NOW + 5)
    assert (again.ages, again.fresh) == ([7], [False])


def test_a_sandbox_without_an_answer_keeps_its_last_sample():
    frame = tick(before=tick(metric()), at=NOW + 5)
    assert (frame.ages, frame.fresh, frame.cpu) == ([7], [False], [2500])


def test_an_older_sample_than_the_one_we_have_is_not_taken():
    frame = tick(metric(NOW - 20, cpu_used_pct=1.0), before=tick(metric()), at=NOW + 5)
    assert (frame.ages, frame.fresh, frame.cpu) == ([7], [False], [2500])


def test_a_sample_from_before_the_current_run_is_old_news():
    resumed = Running(7, "i7", NOW - 1)
    frame = tick(metric(), before=tick(metric()), running=(resumed,))
    assert (frame.ages, frame.fresh) == ([NO_SAMPLE], [False])


def test_a_sandbox_that_never_answered_has_an_entry_without_a_sample():
    frame = tick()
    assert (frame.keys, frame.ages, frame.fresh, frame.cpu) == ([7], [NO_SAMPLE], [False], [0])


def test_a_sample_made_while_we_read_sets_the_tick_s_clock():
    frame = tick(metric(NOW + 3))
    assert (frame.clock_unix, frame.ages) == (NOW + 3, [0])
    assert tick(metric(NOW + 3), before=frame, at=NOW + 5).fresh == [False]


def test_a_sample_from_the_far_future_counts_as_now_and_only_once():
    first = tick(metric(NOW + 3600))
    assert (first.clock_unix, first.ages, first.fresh) == (NOW, [0], [True])
    second = tick(metric(NOW + 3600), before=first, at=NOW + 5)
    assert (second.ages, second.fresh) == ([5], [False])
    assert tick(metric(NOW + 3605, cpu_used_pct=9.0), before=second, at=NOW + 10).fresh == [True]


def test_what_is_no_number_is_no_sample():
    assert reading(metric(cpu_used_pct=nan)) is None
    assert reading(metric(mem_used=inf)) is None
    assert reading(metric(mem_used=-1)) is None
    assert reading(metric(0)) is None


def test_more_than_all_cores_is_all_of_them():
    assert tick(metric(cpu_used_pct=100.01)).cpu == [10000]


def test_no_memory_limit_is_kept_as_none():
    assert tick(metric(mem_total=0)).mem_total == [0]


def test_a_sample_from_hours_ago_says_nothing_about_now():
    old = Running(7, "i7", NOW - 90_000)
    assert tick(metric(NOW - MAX_AGE_SECONDS - 1), running=(old,)).ages == [NO_SAMPLE]


def test_keys_ascend_whatever_order_they_come_in():
    running = (Running(9, "i9", 0), Running(3, "i3", 0))
    frame = tick(metric(cpu_used_pct=9.0), metric(cpu_used_pct=3.0), running=running)
    assert (frame.keys, frame.cpu) == ([3, 9], [300, 900])


@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(0, 3)), min_size=1, max_size=20))
def test_no_sample_is_ever_fresh_twice_and_no_age_is_negative(ticks: list[tuple[int, int]]) -> None:
    """Each tick is (how far the answer's time is from now, which of four readings)."""
    frame, told = None, []
    for number, (ahead, which) in enumerate(ticks):
        now = NOW + 5 * number
        frame = tick(metric(now + min(ahead, 10), cpu_used_pct=which), before=frame, at=now)
        assert frame.ages[0] >= 0
        if any(frame.fresh):
            told.append(frame.clock_unix - frame.ages[0])
    assert told == sorted(set(told))
