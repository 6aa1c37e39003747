"""The fold: any order, any repetition and any split of the same events give the same state."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.fold import Base, fold, view
from events.fold.base import micros
from tests.events.factories import at, real, seen
from tests.support.search import examples


def state_of(*events):
    base = Base()
    for event in events:
        fold(base, event)
    return view(base)


def seconds(at_micros):
    return None if at_micros is None else (at_micros - micros(at(0))) / 1e6


def runs_of(found):
    return [(seconds(run.started_at), seconds(run.ended_at), run.ended_by) for run in found.runs]


def test_created_then_killed():
    found = state_of(real("created", 0), real("killed", 10, kill_reason="timeout"))
    assert (found.state, found.end_reason, seconds(found.ended_at)) == ("ended", "timeout", 10)
    assert runs_of(found) == [(0, 10, "killed")]


def test_a_reason_longer_than_the_record_holds_still_ends_it():
    assert state_of(real("created", 0), real("killed", 1, kill_reason="x" * 500)).end_reason == "x" * 64


def test_a_resume_opens_a_new_run():
    found = state_of(real("created", 0), real("paused", 10), real("resumed", 50, "x2"))
    assert found.state == "running"
    assert runs_of(found) == [(0, 10, "paused"), (50, None, "")]
    assert (seconds(found.created_at), seconds(found.started_at)) == (0, 50)


def test_any_type_can_be_the_first():
    assert state_of(real("resumed", 5)).state == "running"
    assert state_of(real("checkpointed", 5)).state == "running"
    assert state_of(real("snoozed", 5)).state == "running"
    assert state_of(real("paused", 5, execution={"started_at": at(1).isoformat()})).state == "paused"
    found = state_of(real("killed", 5, execution={"started_at": at(1).isoformat(), "execution_time": 4000}))
    assert runs_of(found) == [(1, 5, "killed")]
    assert found.runs[0].execution_ms == 4000


def test_the_latest_move_of_the_end_holds():
    moved = real("updated", 5, set_timeout=at(300).isoformat())
    later = real("updated", 9, set_timeout=at(100).isoformat())
    assert seconds(state_of(later, real("created", 0), moved).end_at) == 100


def test_an_observed_run_joins_the_real_one_that_starts_within_a_minute():
    found = state_of(seen("created", 5, started=1), real("created", 0))
    assert runs_of(found) == [(0, None, "")]
    assert found.runs[0].execution_id == "x1"
    assert ("created", micros(at(1))) in found.told


def test_a_killed_that_comes_late_still_gives_the_reason():
    found = state_of(real("created", 0), seen("killed", 20, started=0), real("killed", 12, kill_reason="admin"))
    assert (found.state, found.end_reason, seconds(found.ended_at)) == ("ended", "admin", 12)


def test_a_paused_one_that_vanishes_is_ended_without_a_word():
    found = state_of(real("created", 0), real("paused", 10), seen("killed", 60, started=0))
    assert (found.state, found.end_reason) == ("ended", "vanished")
    assert runs_of(found) == [(0, 10, "paused")]


def test_one_that_died_before_we_watched_is_dated_by_its_last_sign():
    found = state_of(real("created", 0), real("paused", 10), seen("killed", 9000, 0, ended_at=at(10).isoformat()))
    assert (found.state, seconds(found.ended_at)) == ("ended", 10)


def test_a_killed_one_that_comes_back_as_paused_is_open_again():
    found = state_of(
        real("created", 0), real("paused", 10), real("resumed", 20, "x2"),
        real("killed", 30, "x2", kill_reason="timeout"), seen("paused", 35, started=20),
    )  # fmt: skip
    assert found.state == "paused"
    assert runs_of(found) == [(0, 10, "paused"), (20, 30, "killed")]


def test_an_explicit_kill_is_not_undone_by_a_list_asked_for_while_it_worked():
    found = state_of(real("created", 0), real("killed", 30, kill_reason="request"), seen("paused", 31, started=0))
    assert (found.state, found.end_reason) == ("ended", "request")


def test_a_look_sent_before_the_kill_changes_nothing():
    found = state_of(real("created", 0), real("killed", 30, kill_reason="request"), seen("resumed", 29, started=0))
    assert found.state == "ended"


def test_a_later_look_that_sees_it_run_opens_it_again():
    found = state_of(real("created", 0), real("killed", 30, kill_reason="request"), seen("resumed", 45, started=0))
    assert (found.state, runs_of(found)) == ("running", [(0, None, "")])


@pytest.mark.parametrize(
    "ended",
    [
        seen("killed", 60, started=0, action_id=7),
        seen("killed", 60, started=0),
        seen("paused", 60, started=0),
        real("killed", 60),
        real("paused", 60),
    ],
)
def test_end_that_was_taken_back_is_no_end_when_the_state_is_unknown_later(ended):
    alive, unknown = seen("resumed", 120, started=0), seen("updated", 180, started=0, state="unknown")
    found = state_of(real("created", 0), ended, alive, unknown)
    assert (found.state, runs_of(found)) == ("unknown", [(0, 180, "unknown")])


def test_end_that_stands_is_kept_when_the_state_is_unknown_later():
    unknown = seen("updated", 180, started=0, state="unknown")
    found = state_of(real("created", 0), real("paused", 60), unknown)
    assert (found.state, runs_of(found)) == ("unknown", [(0, 60, "paused")])


def test_a_run_whose_end_was_missed_ends_where_the_next_begins():
    found = state_of(real("created", 0), real("resumed", 100, "x2"))
    assert runs_of(found) == [(0, 100, "unknown"), (100, None, "")]


def test_a_paused_one_seen_for_the_first_time_ran_until_its_pause_only():
    found = state_of(seen("paused", 9000, started=0, ended_at=at(600).isoformat()))
    assert (found.state, runs_of(found)) == ("paused", [(0, 600, "paused")])


def test_without_a_known_end_a_look_dates_it_by_when_it_was_made():
    paused = state_of(seen("paused", 9000, started=10))
    assert (seconds(paused.paused_at), runs_of(paused)) == (9000, [(10, 9000, "paused")])
    vanished = state_of(real("updated", 10), seen("killed", 9000, started=10))
    assert (seconds(vanished.ended_at), runs_of(vanished)) == (9000, [(10, 9000, "vanished")])
    left = state_of(real("paused", 10), seen("killed", 9000, started=10))
    assert (left.state, seconds(left.ended_at)) == ("ended", 9000)


def test_a_look_gives_a_run_whose_start_was_missed_its_start():
    found = state_of(real("updated", 100), seen("created", 105, started=10))
    assert runs_of(found) == [(10, None, "")]


def test_a_look_at_a_run_nobody_told_of_does_not_open_the_one_before():
    found = state_of(real("paused", 100), seen("resumed", 115, started=108, state="running"))
    assert (found.state, runs_of(found)) == ("running", [(100, 100, "paused"), (108, None, "")])


def test_of_two_starts_that_looks_saw_the_later_is_the_one_of_the_run_heard_of_next():
    found = state_of(real("updated", 400), seen("paused", 60, started=0), seen("resumed", 310, started=300))
    assert runs_of(found) == [(0, 60, "paused"), (300, None, "")]


words = st.sampled_from(["created", "resumed", "updated", "paused", "killed", "checkpointed", "snoozed"])
moments = st.integers(0, 400)
real_events = st.builds(
    lambda word, when, execution, reason, end: real(
        word, when, execution, kill_reason=reason, set_timeout=at(end).isoformat(), sandbox_metadata={"n": str(when)}
    ),
    words, moments, st.sampled_from(["x1", "x2", "x3", ""]), st.sampled_from(["request", "timeout", "admin"]), moments,
)  # fmt: skip
seen_events = st.builds(
    lambda word, when, started, cpu: seen(word, when, min(started, when), cpu_count=cpu, state="running"),
    st.sampled_from(["created", "resumed", "updated", "paused", "killed"]),
    moments, st.sampled_from([0, 30, 100, 250]), st.integers(1, 8),
)  # fmt: skip
histories = st.lists(st.one_of(real_events, seen_events), min_size=1, max_size=12)


@given(histories, st.randoms(use_true_random=False))
@settings(max_examples=examples(400), deadline=None)
def test_any_order_and_any_repetition_give_the_same_state(events, random):
    shuffled = events + random.sample(events, random.randint(0, len(events)))
    random.shuffle(shuffled)
    assert state_of(*events) == state_of(*shuffled)


@given(histories, st.integers(0, 12))
@settings(max_examples=examples(200), deadline=None)
def test_any_split_into_batches_gives_the_same_state(events, cut):
    base = Base()
    for part in (events[:cut], events[cut:]):
        base = msgspec.convert(msgspec.json.decode(msgspec.json.encode(base)), Base)  # as it lies in the database
        for event in part:
            fold(base, event)
    assert view(base) == state_of(*events)


@given(histories)
@settings(max_examples=examples(300), deadline=None)
def test_runs_never_overlap_and_never_end_before_they_begin(events):
    found = state_of(*events)
    for run, following in zip(found.runs, [*found.runs[1:], None], strict=True):
        assert run.ended_at is None or run.ended_at >= run.started_at
        assert following is None or (run.ended_at is not None and run.ended_at <= following.started_at)
    assert (found.runs[-1].ended_at is None) == (found.state == "running")
