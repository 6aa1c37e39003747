"""The replay of a policy over a short past equals asking the judge at every moment of it."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.base.clock import BackendTime
from sandboxes.cleanup.whatif.duplicates import over_the_rest
from sandboxes.cleanup.whatif.idle import Minutes, chains, window_at
from sandboxes.cleanup.whatif.replay import Past, act_in, cut, held_spans, ripe_pieces
from sandboxes.cleanup.whatif.timeline import Kept, Leased, Life, Move, Run
from sandboxes.policies import CpuWindow, Facts, LeaseHeld, Protection, duplicate_places, judge, parse
from sandboxes.policies.rules import largest_gap
from tests.support.search import examples

START = BackendTime(datetime(2026, 8, 21, 12, 0, tzinfo=UTC))
SECONDS = 3600


def after(seconds):
    return BackendTime(START + timedelta(seconds=seconds))


END = after(SECONDS)


def policy(match=None, grace=0, **orphan_when):
    return parse(
        {"name": "p", "action": "kill", "grace_seconds": grace, "match": match or {}, "orphan_when": orphan_when}
    )


def facts_at(life, at):
    """What was true of it then, found the slow way; None while it was not alive."""
    begun = [run for run in life.runs if run.started_at <= at]
    if not begun or (life.ended_at and life.ended_at <= at):
        return None
    run = begun[-1]
    running = run.ended_at is None or at < run.ended_at
    if not running and not run.paused:
        return None
    leases = [one for one in life.leases if one.since <= at]
    live = [one for one in leases if at < one.until]
    kept = [one for one in life.kept if one.since <= at and (one.until is None or at < one.until)]
    moves = [one for one in life.moves if one.at >= run.started_at and (run.ended_at is None or one.at < run.ended_at)]
    told = [one.end_at for one in moves if one.at <= at]
    return Facts(
        sandbox_id=life.sandbox_id, account=life.account, state="running" if running else "paused",
        template_id="base", created_at=life.created_at, started_at=run.started_at, first_seen_at=life.first_seen_at,
        end_at=None if not running else told[-1] if told else None if moves else run.end_at,
        paused_at=None if running else run.ended_at, metadata=life.metadata,
        lease=LeaseHeld("k", max(one.until for one in live)) if live else None,
        last_lease_ended_at=max((one.until for one in leases), default=None),
        protection=Protection(kept[-1].by, kept[-1].reason, kept[-1].told_until) if kept else None,
    )  # fmt: skip


@st.composite
def lives(draw, key=1, metadata=None):
    """Some runs with pauses between, leases, a protection, moves of the end."""
    moments = sorted(draw(st.lists(st.integers(-900, SECONDS), min_size=1, max_size=6, unique=True)))
    runs = []
    for index in range(0, len(moments), 2):
        ended = after(moments[index + 1]) if index + 1 < len(moments) else None
        paused = ended is not None and draw(st.booleans())
        runs.append(Run(after(moments[index]), ended, paused, draw(st.none() | st.integers(0, SECONDS).map(after))))
    last = runs[-1]
    ended_at = last.ended_at if last.ended_at and not last.paused else None
    if last.paused and draw(st.booleans()):
        ended_at = after(moments[-1] + draw(st.integers(1, 900)))
    leases = draw(st.lists(st.tuples(st.integers(-300, SECONDS), st.integers(1, 900)), max_size=2))
    kept = draw(st.lists(st.tuples(st.integers(0, SECONDS), st.integers(1, 900)), max_size=1))
    moves = draw(st.lists(st.tuples(st.integers(0, SECONDS), st.integers(0, SECONDS)), max_size=3))
    return Life(
        key, f"i{key}", "default", "base", runs[0].started_at, runs[0].started_at, runs, ended_at=ended_at,
        metadata=metadata if metadata is not None else draw(st.sampled_from([{}, {"a": "1"}, {"keep": "true"}])),
        leases=sorted((Leased("k", after(at), after(at + long)) for at, long in leases), key=lambda one: one.since),
        kept=[Kept("ada", "why", after(at), after(at + long), after(at + long)) for at, long in kept],
        moves=sorted(Move(after(at), after(end)) for at, end in moves),
    )  # fmt: skip


def running(since, until=None, **fields):
    run = Run(after(since), None if until is None else after(until))
    return Life(1, "i1", "default", "base", after(since), after(since), [run], ended_at=run.ended_at, **fields)


SECONDS_OF_A_LIMIT = st.sampled_from([0, 30, 90, 300, 900])
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "older_than_seconds": SECONDS_OF_A_LIMIT,
        "no_lease_for_seconds": SECONDS_OF_A_LIMIT,
        "missing_metadata": st.just(["a"]),
    },
)
ASKED = st.one_of(
    CONDITIONS.filter(bool),
    st.builds(lambda rest, s: rest | {"past_end_seconds": s}, CONDITIONS, SECONDS_OF_A_LIMIT),
    st.builds(lambda rest, s: rest | {"paused_for_seconds": s}, CONDITIONS, SECONDS_OF_A_LIMIT),
)
TICKS = [after(second) for second in range(0, SECONDS, 15)]


def is_held(held, at):
    return any(one.since <= at < one.until for one in held)


@settings(max_examples=examples(300), deadline=None)
@given(lives(), ASKED, st.integers(0, 14))
def test_a_replay_equals_judging_at_every_tick(life, asked, offset):
    spec = policy({"states": ["running", "paused"]}, **asked)
    past = Past(START, END, [life])
    held = list(held_spans(spec, ripe_pieces(spec, life, cut(life, past))))
    for tick in TICKS:
        at = tick + timedelta(seconds=offset)
        known = facts_at(life, at)
        assert is_held(held, at) == (known is not None and judge(spec, known, at).hit), at


QUIET, SPARSE, HOT = (12, 50), (2, 199), (12, 200)  # samples, the highest CPU in hundredths of a percent
MINUTES = st.lists(st.sampled_from([QUIET, QUIET, QUIET, QUIET, SPARSE, None, None, HOT]), min_size=60, max_size=60)


def cpu_before(minutes, at, seconds):
    """What the contract has the judge ask for, written out: CPU is judged by whole minutes, by every sample in them.

    A minute tells how many samples it had, not when: they are spread evenly, and each may have come at the beginning
    or at the end of its part of the minute. The gap that counts is the larger of the two.
    """
    until = int((at - START).total_seconds()) // 60
    since = until - math.ceil(seconds / 60)
    inside = [(number, minutes[number]) for number in range(max(0, since), until) if minutes[number]]
    if not inside:
        return None
    gaps = []
    for late in (0, 1):
        moments = [60 * number + 60 * (place + late) / count for number, (count, _) in inside for place in range(count)]
        gaps += [later - earlier for earlier, later in pairwise([60 * since, *moments, 60 * until])]
    return CpuWindow(
        after(60 * since), after(60 * until), sum(count for _, (count, _) in inside),
        max(cpu for _, (_, cpu) in inside) / 100, max(gaps),
    )  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(MINUTES, st.sampled_from([60, 120, 300, 600, 700]), st.integers(0, SECONDS))
def test_window_of_minutes_has_every_sample_of_them_and_the_largest_gap(minutes, seconds, at):
    assert window_at(minutes_of(minutes), after(at), seconds) == cpu_before(minutes, after(at), seconds)


def minutes_of(minutes):
    first = int(START.timestamp()) // 60
    return Minutes.of((first + number, *(one or (0, 0))) for number, one in enumerate(minutes))


@settings(max_examples=examples(300), deadline=None)
@given(
    st.one_of(st.just(running(-600)), lives(metadata={})),
    MINUTES,
    st.sampled_from([60, 120, 300, 600, 700]),
    st.integers(0, 14),
)
def test_idleness_by_minutes_equals_judging_every_window(life, minutes, seconds, offset):
    spec = policy(idle_cpu_below_pct=2, idle_for_seconds=seconds)
    past = Past(START, END, [life])
    quiet = list(chains(minutes_of(minutes), 2, largest_gap(seconds)))
    held = list(held_spans(spec, ripe_pieces(spec, life, cut(life, past)), quiet))
    for tick in TICKS:
        at = tick + timedelta(seconds=offset)
        known = facts_at(life, at)
        if known is None:
            assert not is_held(held, at)
            continue
        told = replace(known, cpu=cpu_before(minutes, at, seconds))
        assert is_held(held, at) == judge(spec, told, at).hit, at


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.sampled_from([{"run": "1"}, {"run": "2"}, {}]), min_size=2, max_size=5), st.data(), st.integers(1, 2)
)
def test_duplicates_over_time_equal_their_places_at_every_tick(kinds, data, keep):
    fleet = [data.draw(lives(key=key, metadata=kind)) for key, kind in enumerate(kinds)]
    spec = policy({"states": ["running", "paused"]}, duplicate_of=["run"], keep=keep)
    over = over_the_rest(fleet, ("run",), keep, END)
    past = Past(START, END, fleet)
    held = {
        life.key: list(held_spans(spec, ripe_pieces(spec, life, cut(life, past, over.get(life.key, ())))))
        for life in fleet
    }
    for at in TICKS:
        known = {life.key: facts_at(life, at) for life in fleet}
        places = duplicate_places([one for one in known.values() if one is not None], ("run",))
        for key, one in known.items():
            if one is None:
                continue
            told = replace(one, duplicate=places.get(one.sandbox_id))
            assert is_held(held[key], at) == judge(spec, told, at).hit, (key, at)


def acted(spec, life, is_quiet=lambda _: False):
    past = Past(START, END, [life])
    found = (act_in(spec, life, held, is_quiet) for held in held_spans(spec, ripe_pieces(spec, life, cut(life, past))))
    return next((act for act in found if act is not None), None)


def test_it_acts_when_grace_is_over_and_it_is_held_still():
    act = acted(policy(grace=300, older_than_seconds=600), running(60))
    assert (act.marked_at, act.at) == (after(660), after(960))
    assert act.reasons()[0].rule == "older_than_seconds"


def test_what_ends_within_its_grace_is_not_acted_on():
    assert acted(policy(grace=300, older_than_seconds=600), running(60, 900)) is None


def test_a_lease_within_grace_spares_it_and_grace_begins_anew():
    life = running(60, leases=[Leased("k", after(700), after(800))])
    assert acted(policy(grace=300, older_than_seconds=600), life).at == after(1100)


def test_what_was_an_orphan_before_the_record_begins_is_marked_at_its_beginning():
    act = acted(policy(grace=60, older_than_seconds=60), running(-3000))
    assert (act.marked_at, act.at) == (START, after(60))


def test_quiet_hours_put_the_act_off_to_their_end():
    act = acted(policy(older_than_seconds=600), running(0), is_quiet=lambda at: at < after(1800))
    assert act.at == after(1800)
