"""The fold gives what the written rules give when they are walked through slowly, and what truly happened."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.fold import Base, View, fold, view
from events.fold.base import micros, moment
from events.wire import Event
from tests.events.factories import at, real, seen
from tests.events.lives import Lived, last_look, lives
from tests.events.reference import Life, RunLife, life
from tests.events.test_fold import real_events
from tests.support.search import examples


def folded(events: list[Event], cuts: list[int] | None = None) -> View:
    """The fold of `events` in their order, in batches that begin at `cuts`, between which it lies in the database."""
    base = Base()
    edges = [0, *sorted(cut % (len(events) + 1) for cut in cuts or []), len(events)]
    for first, last in pairwise(edges):
        base = msgspec.convert(msgspec.json.decode(msgspec.json.encode(base)), Base)
        for event in events[first:last]:
            fold(base, event)
    return view(base)


def as_life(found: View) -> Life:
    """A View in the reference's words."""
    times = {
        name: _moment(getattr(found, name)) for name in ("created_at", "started_at", "end_at", "paused_at", "ended_at")
    }
    return Life(
        state=found.state,
        end_reason=found.end_reason,
        facts=found.facts,
        runs=[
            RunLife(
                **{name: getattr(run, name) for name in RunLife.__dataclass_fields__ if name not in _TIMES},
                **{name: _moment(getattr(run, name)) for name in _TIMES},
            )
            for run in found.runs
        ],
        **times,
    )


_TIMES = ("started_at", "ended_at", "end_at")


def _moment(when: int | None) -> Any:
    return None if when is None else moment(when)


def test_the_reference_knows_a_plain_life():
    events = [
        real("created", 0),
        real("paused", 10),
        real("resumed", 50, "x2"),
        real("killed", 70, "x2", kill_reason="admin"),
    ]
    found = life(events)
    assert (found.state, found.ended_at, found.end_reason) == ("ended", at(70), "admin")
    assert [(run.started_at, run.ended_at, run.ended_by) for run in found.runs] == [
        (at(0), at(10), "paused"),
        (at(50), at(70), "killed"),
    ]


def test_the_reference_knows_what_only_looks_saw():
    found = life(
        [seen("created", 20, started=0), seen("paused", 90, 0, ended_at=at(60).isoformat()), seen("killed", 200, 0)]
    )
    assert (found.state, found.end_reason, found.runs[0].ended_at) == ("ended", "vanished", at(60))


def shuffled(events: list[Event], random: Any) -> list[Event]:
    """In any order, some of them twice."""
    found: list[Event] = events + random.sample(events, random.randint(0, len(events)))
    random.shuffle(found)
    return found


@given(lives(), st.data(), st.randoms(use_true_random=False), st.lists(st.integers(0, 99), max_size=3))
@settings(max_examples=examples(300), deadline=None)
def test_the_fold_equals_the_reference_whatever_was_lost_repeated_or_late(lived, data, random, cuts):
    came = [one for one in lived.events if data.draw(st.integers(0, 4), label=f"{one.word} comes")] + lived.looks
    if came:
        assert as_life(folded(shuffled(came, random), cuts)) == life(came)


@given(st.lists(real_events, min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=examples(200), deadline=None)
def test_the_fold_equals_the_reference_for_any_events_of_e2bs_own(events, random):
    assert as_life(folded(shuffled(events, random))) == life(events)


@given(lives(), st.randoms(use_true_random=False))
@settings(max_examples=examples(200), deadline=None)
def test_when_nothing_is_lost_the_fold_is_what_happened(lived, random):
    found = with_a_last_look(lived, lived.events + lived.looks, random)
    assert found.state == lived.state
    told = [(run.key, run.started_at, run.ended_at, run.ended_by, run.end_reason) for run in found.runs]
    assert told == [
        (
            one.name,
            micros(at(one.started)),
            one.ended if one.ended is None else micros(at(one.ended)),
            one.ended_by,
            one.reason,
        )
        for one in lived.runs
    ]


@given(lives(), st.data(), st.randoms(use_true_random=False))
@settings(max_examples=examples(200), deadline=None)
def test_whatever_was_lost_a_later_look_sets_the_state_right(lived, data, random):
    came = [one for one in lived.events + lived.looks if data.draw(st.booleans(), label=f"{one.word} comes")]
    if came or lived.state != "ended":
        assert with_a_last_look(lived, came, random).state == lived.state


def with_a_last_look(lived: Lived, came: list[Event], random: Any) -> View:
    """The fold of what came and then of what a look says that is made long after."""
    before = folded(came) if came else None
    started: datetime | None = moment(before.started_at) if before else None
    return folded(shuffled([*came, last_look(lived, started)], random))


@pytest.mark.parametrize("word", ["created", "resumed", "paused", "killed", "snoozed"])
def test_the_reference_takes_any_type_as_the_first(word):
    assert as_life(folded([real(word, 5)])) == life([real(word, 5)])
