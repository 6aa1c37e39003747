"""What holds for every policy and sandbox: conditions only narrow, who is kept is never hit, words and judge agree."""

from dataclasses import replace
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.policies import (
    LeaseHeld,
    PolicyMatch,
    Protection,
    as_dict,
    duplicate_places,
    explain,
    judge,
)
from tests.support.policies import NOW, ago, facts, is_hit, policy, window
from tests.support.search import examples

seconds = st.integers(0, 10_000)


moments = seconds.map(ago)


conditions = st.fixed_dictionaries(
    {},
    optional={
        "older_than_seconds": seconds,
        "no_lease_for_seconds": seconds,
        "missing_metadata": st.just(["owner"]),
        "past_end_seconds": seconds,
        "duplicate_of": st.just(["job"]),
        "idle": st.integers(1, 9000),
    },
)


known_facts = st.builds(
    facts,
    state=st.sampled_from(["running", "paused"]),
    created_at=moments,
    started_at=moments,
    first_seen_at=moments,
    end_at=st.none() | moments,
    paused_at=st.none() | moments,
    metadata=st.dictionaries(st.sampled_from(["owner", "job", "keep"]), st.sampled_from(["", "7", "true"])),
    last_lease_ended_at=st.none() | moments,
    cpu=st.none() | st.builds(window, since=moments, samples=st.integers(0, 9), cpu_max_pct=st.floats(0, 100)),
)


def spec_from(given_conditions):
    when = dict(given_conditions)
    if "idle" in when:
        when |= {"idle_for_seconds": when.pop("idle"), "idle_cpu_below_pct": 50}
    return policy({"states": ["running", "paused"]}, **(when or {"older_than_seconds": 0}))


@settings(max_examples=examples(300))
@given(conditions, conditions, known_facts)
def test_no_condition_ever_widens_a_policy(some, more, known):
    known = replace(known, duplicate=duplicate_places([known], ("job",)).get("i1"))
    if some and is_hit(spec_from(more | some), known):  # `some` with its own limits, and further conditions
        assert is_hit(spec_from(some), known)


@settings(max_examples=examples(300))
@given(conditions, known_facts, st.sampled_from(["lease", "protection", "keep"]))
def test_whoever_is_leased_or_protected_is_never_hit(some, known, how):
    shield = {
        "lease": replace(known, lease=LeaseHeld("k", NOW)),
        "protection": replace(known, protection=Protection("anna", "")),
        "keep": replace(known, metadata={**known.metadata, "keep": "true"}),
    }[how]
    assert not is_hit(spec_from(some), shield)


@settings(max_examples=examples(300))
@given(
    st.fixed_dictionaries({}, optional={"older_than_seconds": seconds, "past_end_seconds": seconds}),
    known_facts,
    seconds,
)
def test_whoever_is_hit_stays_hit_while_nothing_changes(some, known, later):
    """Monotone in time: a mark's grace never makes an orphan less of one."""
    spec = spec_from(some)
    assert not is_hit(spec, known) or is_hit(spec, known, NOW + timedelta(seconds=later))


@settings(max_examples=examples(300))
@given(conditions, known_facts)
def test_a_hit_has_a_reason_for_every_condition_and_a_spared_one_a_rule(some, known):
    spec = spec_from(some)
    judged = judge(spec, known, NOW)
    named = {reason.rule for reason in judged.reasons}
    if judged.hit:
        asked = set(as_dict(spec)["orphan_when"]) - {"idle_cpu_below_pct", "keep"}
        assert named == asked
        assert all(reason.evidence for reason in judged.reasons)
    else:
        assert judged.spared_by
        assert not named


matches = st.fixed_dictionaries(
    {"states": st.sampled_from([("running",), ("paused",), ("running", "paused")])},
    optional={
        "accounts": st.sampled_from([("default",), ("other",)]),
        "templates": st.sampled_from([("base",), ("other", "third")]),
        "metadata": st.dictionaries(st.sampled_from(["env", "job"]), st.sampled_from(["", "a", "1"]), max_size=2),
    },
)


@settings(max_examples=examples(500))
@given(matches, conditions, known_facts, st.sampled_from([None, -5, 5]), st.sampled_from([(), (("job", "1"),)]))
def test_explain_never_disagrees_with_the_judge(match, some, known, protected_for, keep):
    """Hit where all rules hold; else spared by the first that does not; the same words for both."""
    if protected_for is not None:
        known = replace(known, protection=Protection("anna", "", ago(-protected_for)))
    known = replace(known, keep=keep, duplicate=duplicate_places([known], ("job",)).get("i1"))
    spec = spec_from(some)
    spec = msgspec.structs.replace(spec, match=msgspec.convert(match, PolicyMatch))
    judged, asked = judge(spec, known, NOW), explain(spec, known, NOW)
    failing = next((one for one in asked if not one.holds), None)
    assert judged.hit == (failing is None)
    assert judged.spared_by == (failing.rule if failing else None)
    assert all(one.evidence for one in asked)
    if judged.hit:
        words = {one.rule: one.evidence for one in asked}
        assert all(words[reason.rule] == reason.evidence for reason in judged.reasons)
    elif judged.why:
        assert failing is not None
        assert judged.why == failing.evidence
