"""A cause is only named with evidence: memory at its limit in the last samples, or the kernel's own words."""

import pytest

from sandboxes.fleet.causes import Limits, Line, Reading, probable_cause

END = 1_790_000_000.0
GIB = 2**30
TOLD = Limits(8 * GIB, END)
FOUND_LATER = Limits(8 * GIB, END + 30, late_seconds=45)
KILLED = Line(END - 0.4, "Out of memory: Killed process 271 (python3)")


def climb(start: float, end: float, *, last: float = 3.0, stand: int = 0) -> list[Reading]:
    """Samples every 5 s from `start` to `end` percent of 8 GiB, then `stand` more there, the last one `last` s
    before the end."""
    shares = [start + (end - start) * n / 60 for n in range(61)] + [end] * stand
    first = END - last - 5 * (len(shares) - 1)
    return [Reading(first + 5 * n, int(share / 100 * 8 * GIB)) for n, share in enumerate(shares)]


def test_it_works():
    found = probable_cause("unknown", climb(60, 99.5, stand=5), [KILLED], TOLD)
    assert found is not None
    assert found["cause"] == "out_of_memory"
    assert found["evidence"] == (
        "memory rose from 60.0% (14:07:52) to 99.5% of 8 GiB (14:13:17), full since 14:12:42, the last sample 3 s "
        "before its end; its log at 14:13:19: “Out of memory: Killed process 271 (python3)”"
    )


@pytest.mark.parametrize("reason", ["timeout", "request", "admin", "orphaned", "seal_failed"])
def test_where_the_backend_told_nothing_is_inferred(reason):
    assert probable_cause(reason, climb(60, 99.5), [KILLED], TOLD) is None


def test_no_evidence_no_claim():
    assert probable_cause("unknown", [], [], TOLD) is None
    assert probable_cause("unknown", climb(20, 60), [], TOLD) is None
    assert probable_cause("unknown", climb(60, 99.5), [], Limits(None, END)) is None
    assert probable_cause(None, [], [Line(END - 1, "sandbox stopped")], TOLD) is None


def test_an_old_sample_says_nothing_of_the_end():
    assert probable_cause("unknown", climb(60, 99.5, last=90), [], TOLD) is None
    assert probable_cause("vanished", climb(60, 99.5, last=120), [], FOUND_LATER) is None


def test_standing_at_the_limit_is_enough_only_when_it_was_told_dead():
    stands = climb(99.5, 99.5)
    told = probable_cause("unknown", stands, [], TOLD)
    assert told is not None
    assert told["evidence"].startswith("memory stood at 99.5% of 8 GiB")
    assert probable_cause("vanished", stands, [], FOUND_LATER) is None
    assert probable_cause("vanished", climb(60, 99.5), [], FOUND_LATER) is not None


def test_the_kernels_word_is_enough_a_programs_is_not():
    assert probable_cause("unknown", climb(20, 40), [KILLED], TOLD) is not None
    complaint = Line(END - 2, "MemoryError")
    assert probable_cause("unknown", climb(20, 40), [complaint], TOLD) is None
    assert probable_cause("unknown", climb(70, 88), [complaint], TOLD) is not None


def test_the_kernels_word_long_before_the_end_is_another_story():
    assert probable_cause("unknown", climb(20, 40), [Line(END - 300, KILLED.message)], TOLD) is None
    went_on = [Line(END - 40, KILLED.message), Line(END + 5, "request served")]
    assert probable_cause("vanished", [], went_on, FOUND_LATER) is None


def test_a_long_line_is_cut():
    found = probable_cause("unknown", [], [Line(END, "oom-kill: " + "x" * 500)], TOLD)
    assert found is not None
    assert len(found["evidence"]) < 200
