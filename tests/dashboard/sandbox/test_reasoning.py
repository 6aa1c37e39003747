"""A policy on a sandbox rule by rule: what was measured, its limit, and whether that rule alone holds."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dashboard.sandbox import reasoning
from sandboxes.base.clock import BackendTime
from sandboxes.policies import (
    CpuWindow,
    DuplicatePlace,
    Facts,
    LeaseHeld,
    LimitPlace,
    PolicySpec,
    Protection,
    explain,
    parse,
)
from tests.support.records import NOW


def later(**span: float) -> BackendTime:
    return BackendTime(NOW + timedelta(**span))


PLAIN = Facts(
    sandbox_id="ione", account="default", state="running", template_id="base",
    created_at=later(hours=-2), started_at=later(minutes=-55), first_seen_at=later(hours=-2),
    end_at=later(minutes=34), metadata={"env": "staging"},
)  # fmt: skip


def rules_of(spec: PolicySpec, facts: Facts) -> list[reasoning.Rule]:
    now = BackendTime(NOW)
    return reasoning.rules(spec, facts, now, explain(spec, facts, now))


def said(facts: Facts, when: dict[str, Any], **spec: Any) -> list[tuple[str, bool]]:
    rules = rules_of(parse({"name": "p", "orphan_when": when, **spec}), facts)
    return [(f"{rule.before} {rule.measured} {rule.after}".strip(), rule.holds) for rule in rules]


@pytest.mark.parametrize(
    ("when", "facts", "first"),
    [
        ({"over_limit": "x"}, PLAIN, ("Not counted by the limit x", False)),
        ({"over_limit": "x"}, replace(PLAIN, limit=LimitPlace("x", "ada", 3, 5)), ("ada: 3 running", False)),
        (
            {"over_limit": "x"},
            replace(PLAIN, limit=LimitPlace("x", "ada", 7, 5, 6)),
            ("Number 6 of 7 running for ada", True),
        ),
        ({"older_than_seconds": 300}, PLAIN, ("Running for 55 min 00 s", True)),
        ({"older_than_seconds": 3600}, PLAIN, ("Running for 55 min 00 s", False)),
        ({"no_lease_for_seconds": 900}, PLAIN, ("No lease for 2 h", True)),
        (
            {"no_lease_for_seconds": 900},
            replace(PLAIN, lease=LeaseHeld("run/9f", later(minutes=3))),
            ("Leased as run/9f", False),
        ),
        ({"past_end_seconds": 60}, PLAIN, ("Ends in 34 min 00 s", False)),
        (
            {"past_end_seconds": 60},
            replace(PLAIN, end_at=later(minutes=-5)),
            ("Past its end by 5 min 00 s", True),
        ),
        ({"missing_metadata": ["owner", "env"]}, PLAIN, ("Metadata without owner", True)),
        ({"missing_metadata": ["env"]}, PLAIN, ("Metadata has all keys", False)),
        (
            {"duplicate_of": ["env"]},
            replace(PLAIN, duplicate=DuplicatePlace(("env",), 2, 3)),
            ("Number 2 of 3 duplicates", True),
        ),
        ({"idle_for_seconds": 600, "idle_cpu_below_pct": 2}, PLAIN, ("No CPU sample in 10 min", False)),
    ],
)
def test_each_condition_says_what_was_measured(when: dict[str, Any], facts: Facts, first: tuple[str, bool]) -> None:
    assert said(facts, when)[0] == first


def test_idleness_tells_samples_and_the_longest_gap() -> None:
    window = CpuWindow(later(minutes=-10), later(), 99, 1.4, 12.0)
    spec = parse({"name": "p", "orphan_when": {"idle_for_seconds": 600, "idle_cpu_below_pct": 2}})
    rule = rules_of(spec, replace(PLAIN, cpu=window))[0]
    assert (rule.measured, rule.holds) == ("1.4%", True)
    assert rule.note == "limit 2%; 99 samples, longest gap 12 s"


def test_whom_the_policy_looks_at_is_told_where_it_narrows() -> None:
    match = {"states": ["paused"], "metadata": {"env": "dev"}, "templates": ["other"]}
    rules = said(PLAIN, {"older_than_seconds": 1}, match=match)
    assert rules[1:] == [
        ("It is running", False), ("Template is base", False), ("env is staging", False), ("Not protected", True),
    ]  # fmt: skip


def test_what_spares_from_all_policies_is_told() -> None:
    lease, protection = LeaseHeld("run", later()), Protection("ada", "demo")
    metadata, keep = {"keep": "true", "tier": "prod"}, (("tier", "prod"),)
    kept = replace(PLAIN, protection=protection, lease=lease, metadata=metadata, keep=keep)
    rules = said(kept, {"older_than_seconds": 1})
    assert rules == [
        ("Running for 55 min 00 s", True), ("Leased as run", False), ("Metadata has tier=prod", False),
        ("Protected by ada", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "keep", "kept"),
    [
        ({"keep": "true"}, (), []),
        ({"keep": "true"}, (("tier", "prod"),), []),
        ({"tier": "Prod"}, (("tier", "prod"),), [("Metadata has tier=Prod", False)]),
    ],
)
def test_metadata_that_keeps_is_the_account_s_own(metadata: Any, keep: Any, kept: list[tuple[str, bool]]) -> None:
    rules = said(replace(PLAIN, metadata=metadata, keep=keep), {"older_than_seconds": 60})
    assert rules == [("Running for 55 min 00 s", True), *kept, ("Not protected", True)]


def test_protection_that_is_over_keeps_nothing() -> None:
    over = replace(PLAIN, protection=Protection("ada", "demo", later(seconds=-1)))
    assert said(over, {"older_than_seconds": 60})[-1] == ("Not protected", True)
