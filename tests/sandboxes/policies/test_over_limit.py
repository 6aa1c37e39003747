"""The condition `over_limit`: the newest beyond the maximum of their group, never a young one, and never a kill."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.policies import LimitPlace, PolicyError, explain, judge, parse
from tests.support.policies import NOW, ago, facts, is_hit, policy

OVER = policy(over_limit="x")


def place(**known: Any) -> LimitPlace:
    given: dict[str, Any] = {"limit": "x", "value": "ada", "running": 5, "most": 3, "rank": 4} | known
    return LimitPlace(**given)


def lacks(**known: Any) -> str:
    return next(one.evidence for one in explain(OVER, facts(**known), NOW) if one.rule == "over_limit")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"action": "kill"}, "over_limit never kills"),
        ({"action": "pause", "quarantine_seconds": 60}, "leave quarantine_seconds out"),
        ({"match": {"states": ["paused"]}}, "counts what runs"),
        ({"orphan_when": {"over_limit": ""}}, "length"),
        ({"orphan_when": {"over_limit": "x", "paused_for_seconds": 5}, "match": {"states": ["running", "paused"]}},
         "split the policy"),
    ],
)  # fmt: skip
def test_what_can_t_be_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        parse({"name": "p", "orphan_when": {"over_limit": "x"}} | change)


@pytest.mark.parametrize("action", ["notify", "pause"])
def test_it_may_notify_and_pause(action: str) -> None:
    assert parse({"name": "p", "orphan_when": {"over_limit": "x"}, "action": action}).action == action


def test_evidence_names_place_group_and_limit() -> None:
    (reason,) = judge(OVER, facts(limit=place()), NOW).reasons
    assert reason.evidence == "number 4, oldest first, of 5 running for ada; limit 3"


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"limit": None}, "the limit x does not count it, or its figures are not fresh"),
        ({"limit": place(limit="another")}, "the limit x does not count it, or its figures are not fresh"),
        ({"limit": place(running=3, rank=None)}, "3 running for ada; limit 3"),
        ({"limit": place(rank=3)}, "number 3, oldest first, of 5 running for ada; limit 3"),
        ({"limit": place(), "started_at": ago(599)}, "its run is younger than 10 min: it has that long to settle in"),
        ({"limit": place(), "state": "unknown"}, "it is unknown"),
    ],
)
def test_what_spares_it_is_said(known: dict[str, Any], why: str) -> None:
    assert not is_hit(OVER, facts(**known))
    assert lacks(**known) == why


def test_at_ten_minutes_it_is_old_enough() -> None:
    assert is_hit(OVER, facts(limit=place(), started_at=ago(600)))


@given(st.integers(1, 50), st.integers(1, 50))
def test_as_many_are_over_as_run_beyond_the_maximum(running: int, most: int) -> None:
    ranks = range(1, running + 1) if running > most else [None] * running
    known = [facts(limit=place(running=running, most=most, rank=rank)) for rank in ranks]
    hit = [index for index, one in enumerate(known, start=1) if is_hit(OVER, one)]
    assert hit == list(range(most + 1, running + 1))
