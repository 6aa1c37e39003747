"""Policies: what is refused, what each condition needs, and what no policy may ever do."""

from dataclasses import replace

import pytest

from sandboxes.policies import (
    LeaseHeld,
    OurPause,
    PolicyError,
    Protection,
    SignOfLife,
    duplicate_places,
    judge,
    judge_quarantine,
    parse,
)
from tests.support.policies import NOW, ago, facts, is_hit, policy, window


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({}, "name"),
        ({"name": "p"}, "orphan_when"),
        ({"name": "p", "orphan_when": {}}, "empty"),
        ({"name": "p", "orphan_when": {"older": 1}}, "unknown field"),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "colour": "red"}, "unknown field"),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "match": {"owner": "x"}}, "unknown field"),
        ({"name": "p", "orphan_when": {"older_than_seconds": None}}, "null"),
        ({"name": "p", "orphan_when": {"older_than_seconds": -1}}, ">= 0"),
        ({"name": "p", "orphan_when": {"older_than_seconds": True}}, "bool"),
        ({"name": "p", "orphan_when": {"older_than_seconds": "60"}}, "str"),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "match": {"states": []}}, "states is empty"),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "match": {"states": ["ended"]}}, "ended"),
        ({"name": "p", "orphan_when": {"idle_cpu_below_pct": 1}}, "belong together"),
        ({"name": "p", "orphan_when": {"idle_for_seconds": 60}}, "belong together"),
        ({"name": "p", "orphan_when": {"idle_for_seconds": 60, "idle_cpu_below_pct": 0}}, "> 0"),
        ({"name": "p", "orphan_when": {"keep": 2}}, "duplicate_of"),
        ({"name": "p", "orphan_when": {"duplicate_of": []}}, "length"),
        ({"name": "p", "orphan_when": {"duplicate_of": [""]}}, "length"),
        ({"name": "p", "orphan_when": {"duplicate_of": ["job"], "keep": 0}}, ">= 1"),
        ({"name": "p", "orphan_when": {"missing_metadata": []}}, "length"),
        ({"name": "p", "orphan_when": {"paused_for_seconds": 60}}, '"paused"'),
        ({"name": "p", "orphan_when": {"past_end_seconds": 60}, "match": {"states": ["paused"]}}, '"running"'),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "action": "delete"}, "delete"),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "mode": "on"}, "on"),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "quarantine_seconds": 60}, "quarantine"),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "max_fleet_fraction": 1.5}, "<= 1"),
        ({"name": "p", "orphan_when": {"older_than_seconds": 1}, "max_per_run": 0}, ">= 1"),
        ([], "object"),
    ],
)
def test_what_could_mean_more_than_it_says_is_refused(bad, says):
    with pytest.raises(PolicyError, match=says):
        parse(bad)


@pytest.mark.parametrize(
    "hours",
    [
        {"days": [], "from": "09:00", "to": "18:00"},
        {"days": ["mon"], "from": "9:00", "to": "18:00"},
        {"days": ["mon"], "from": "24:00", "to": "18:00"},
        {"days": ["mon"], "from": "09:00", "to": "09:00"},
        {"days": ["mon"], "from": "09:00", "to": "18:00", "zone": "Mars/Base"},
        {"days": ["mon"], "from": "09:00", "to": "18:00", "zone": "../../etc/passwd"},
        {"days": ["mon"], "from": "09:00"},
    ],
)
def test_quiet_hours_that_make_no_sense_are_refused(hours):
    with pytest.raises(PolicyError):
        parse({"name": "p", "orphan_when": {"older_than_seconds": 1}, "quiet_hours": [hours]})


def test_defaults_are_the_careful_ones():
    spec = policy(older_than_seconds=60)
    assert (spec.enabled, spec.mode, spec.action, spec.match.states) == (False, "dry_run", "notify", ("running",))
    assert (spec.grace_seconds, spec.max_per_run, spec.max_per_hour, spec.max_fleet_fraction) == (600, 50, 200, 0.1)


def test_age_counts_from_the_current_runs_start_and_for_a_paused_one_from_its_creation():
    spec = policy({"states": ["running", "paused"]}, older_than_seconds=5000)
    assert not is_hit(spec, facts())
    assert is_hit(spec, facts(started_at=ago(5000)))
    assert is_hit(spec, facts(state="paused", paused_at=ago(10)))


def test_the_evidence_has_the_figures_and_times():
    (reason,) = judge(policy(older_than_seconds=3600), facts(started_at=ago(97_200)), NOW).reasons
    assert reason.rule == "older_than_seconds"
    assert reason.evidence == "running for 27 h, since 2026-08-20 09:00:00 UTC; limit 1 h"


def test_past_its_end_never_applies_to_a_paused_one():
    spec = policy({"states": ["running", "paused"]}, past_end_seconds=600)
    assert is_hit(spec, facts(end_at=ago(600)))
    assert not is_hit(spec, facts(end_at=ago(599)))
    assert not is_hit(spec, facts(end_at=None))
    assert not is_hit(spec, facts(state="paused", paused_at=ago(9000), end_at=ago(9000)))


def test_no_lease_counts_from_the_last_leases_end_or_first_sight():
    spec = policy(no_lease_for_seconds=1000)
    assert is_hit(spec, facts())
    assert not is_hit(spec, facts(first_seen_at=ago(900)))
    assert not is_hit(spec, facts(last_lease_ended_at=ago(900)))
    assert is_hit(spec, facts(last_lease_ended_at=ago(1000)))


def test_idle_needs_every_sample_below_over_the_whole_window():
    spec = policy(idle_cpu_below_pct=2, idle_for_seconds=600)
    assert is_hit(spec, facts(cpu=window()))
    assert not is_hit(spec, facts(cpu=window(cpu_max_pct=2.0)))
    assert not is_hit(spec, facts(cpu=None))
    assert not is_hit(spec, facts(cpu=window(samples=1)))
    assert not is_hit(spec, facts(cpu=window(largest_gap_seconds=121.0)))
    assert not is_hit(spec, facts(cpu=window(since=ago(599))))
    assert not is_hit(spec, facts(cpu=window(), started_at=ago(300)))


def test_missing_metadata_is_any_of_the_keys():
    spec = policy(missing_metadata=["owner", "env"])
    assert is_hit(spec, facts(metadata={"owner": "u"}))
    assert not is_hit(spec, facts(metadata={"owner": "u", "env": ""}))


def test_missing_metadata_asks_for_stored_keys_alone():
    spec = policy(missing_metadata=["owner", "env"])
    assert not is_hit(spec, facts(metadata={}, stored_keys=frozenset({"tier"})))
    assert not is_hit(spec, facts(metadata={"env": "dev"}, stored_keys=frozenset({"env"})))
    assert is_hit(spec, facts(metadata={}, stored_keys=frozenset({"env"})))


def test_paused_for():
    spec = policy({"states": ["paused"]}, paused_for_seconds=100)
    assert is_hit(spec, facts(state="paused", paused_at=ago(100)))
    assert not is_hit(spec, facts(state="paused", paused_at=ago(99)))
    assert not is_hit(spec, facts(state="paused", paused_at=None))


def test_duplicates_are_all_but_the_latest_started_among_those_that_carry_every_key():
    fleet = [
        facts(sandbox_id="old", metadata={"job": "7"}, started_at=ago(300)),
        facts(sandbox_id="new", metadata={"job": "7"}, started_at=ago(100)),
        facts(sandbox_id="asleep", metadata={"job": "7"}, started_at=ago(200), state="paused"),
        facts(sandbox_id="over", metadata={"job": "7"}, started_at=ago(50), state="ended"),
        facts(sandbox_id="none", metadata={}),
        facts(sandbox_id="empty", metadata={"job": ""}),
    ]
    places = duplicate_places(fleet, ("job",))
    assert {key: place.rank for key, place in places.items()} == {"new": 1, "asleep": 2, "old": 3}

    def hit(spec):
        return [one.sandbox_id for one in fleet if is_hit(spec, replace(one, duplicate=places.get(one.sandbox_id)))]

    assert hit(policy(duplicate_of=["job"])) == ["old"]
    assert hit(policy({"states": ["running", "paused"]}, duplicate_of=["job"])) == ["old", "asleep"]
    assert hit(policy(duplicate_of=["job"], keep=3)) == []


@pytest.mark.parametrize(
    ("match", "spared_by"),
    [
        ({"accounts": ["other"]}, "match.accounts"),
        ({"states": ["paused"]}, "match.states"),
        ({"templates": ["python"]}, "match.templates"),
        ({"metadata": {"env": "dev"}}, "match.metadata"),
    ],
)
def test_what_lies_outside_the_match_is_spared_by_name(match, spared_by):
    assert judge(policy(match, older_than_seconds=0), facts(metadata={"env": "prod"}), NOW).spared_by == spared_by


def test_a_template_is_matched_by_id_or_name():
    assert is_hit(policy({"templates": ["python"]}, older_than_seconds=0), facts(template_name="python"))
    assert is_hit(policy({"templates": ["base"]}, older_than_seconds=0), facts())


def test_what_spares_from_all_is_named_only_where_it_matters():
    spec, lease = policy(older_than_seconds=60), LeaseHeld("runner", NOW)
    judged = judge(spec, facts(lease=lease), NOW)
    assert (judged.hit, judged.spared_by) == (False, "lease")
    assert "runner" in judged.why
    assert judge(policy(older_than_seconds=9999), facts(lease=lease), NOW).spared_by == "older_than_seconds"
    assert judge(spec, facts(metadata={"keep": "True"}), NOW).spared_by == "metadata.keep"
    assert judge(spec, facts(protection=Protection("anna", "demo")), NOW).spared_by == "protected"
    assert is_hit(spec, facts(protection=Protection("anna", "demo", until=ago(1))))


PAUSED = facts(state="paused", paused_at=ago(59), started_at=ago(3600), seen_running_at=ago(70))


OURS = OurPause(sent_at=ago(60), answered_at=ago(58), signs=(SignOfLife("its timeout was set", ago(65)),))


def test_quarantined_one_still_in_our_pause_may_be_killed():
    assert judge_quarantine(PAUSED, OURS, NOW).hit
    # A second report of the same pause: the list shows it some seconds after its own event.
    assert judge_quarantine(replace(PAUSED, paused_at=ago(55)), OURS, NOW).hit


@pytest.mark.parametrize(
    "known",
    [
        facts(),
        replace(PAUSED, state="unknown"),
        replace(PAUSED, started_at=ago(30)),
        replace(PAUSED, seen_running_at=ago(30)),
        replace(PAUSED, paused_at=ago(30)),
        replace(PAUSED, last_lease_ended_at=ago(20)),
        replace(PAUSED, lease=LeaseHeld("a", NOW)),
        replace(PAUSED, protection=Protection("a", "")),
    ],
)
def test_sign_of_life_after_our_pause_ends_the_quarantine(known):
    assert not judge_quarantine(known, OURS, NOW).hit


def test_what_was_asked_for_after_our_pause_ends_the_quarantine():
    wanted = replace(OURS, signs=(SignOfLife("a resume was requested", ago(30)),))
    judged = judge_quarantine(PAUSED, wanted, NOW)

    assert (judged.hit, judged.spared_by) == (False, "quarantine")
    assert "a resume was requested" in judged.why
