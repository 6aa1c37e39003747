"""Rules as they are written, and on which side of a limit a figure lies."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.alerts.rules import (
    KINDS,
    Figure,
    Level,
    RuleError,
    as_dict,
    level_of,
    parse,
    resolve_limit,
    threshold_of,
)
from sandboxes.alerts.rules.kinds import FIELDS

FIELDS_OF: dict[str, dict[str, Any]] = {
    "running": {"above": 10}, "burn": {"usd_per_hour_above": 5}, "limit": {"limit": "team", "at_pct": 80},
    "orphans": {"above": 3}, "usage": {"metric": "mem_pct", "above": 95},
    "deaths": {"above": 5, "window_seconds": 600, "reasons": ["timeout"]}, "refused_starts": {},
    "paused_older_than": {"seconds": 3600}, "max_life": {"within_seconds": 600}, "unreadable": {},
    "webhook_silent": {}, "late": {"seconds": 120}, "breaker": {}, "action_failed": {}, "came_back": {},
    "channel_failed": {}, "disk_full": {"within_days": 3},
}  # fmt: skip


def rule(kind: str, **more: Any) -> Any:
    return parse({"name": "r", "kind": kind, **FIELDS_OF[kind], **more})


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_taken_and_reads_back_as_it_was_written(kind: str) -> None:
    written = rule(kind)
    plain = as_dict(written)
    assert parse(plain) == written
    assert {name for name in FIELDS if name in plain} == set(FIELDS_OF[kind])
    assert (plain["enabled"], plain["for_seconds"], plain["severity"], plain["repeat_seconds"]) == (
        True,
        60,
        "warning",
        14_400,
    )


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_a_kind_does_not_take_is_refused_by_name(kind: str) -> None:
    stranger = "within_days" if kind != "disk_full" else "at_pct"
    with pytest.raises(RuleError, match=f"{stranger}: a rule of kind {kind} takes"):
        rule(kind, **{stranger: 5})
    for name in FIELDS_OF[kind]:
        if name == "reasons":
            continue
        with pytest.raises(RuleError, match=name):
            parse({"name": "r", "kind": kind, **{k: v for k, v in FIELDS_OF[kind].items() if k != name}})


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("running", {"above_pct_of_cap": 80}, "exactly one of above and above_pct_of_cap"),
        ("running", {"group_by": ["sandbox"]}, "can be grouped by account, owner"),
        ("running", {"group_by": ["owner", "owner"]}, "names one key twice"),
        ("running", {"group_by": ["metadata."]}, "can be grouped by"),
        ("running", {"route_by": "owner"}, "add it to group_by"),
        ("running", {"resolve_at": 11}, "at or below the limit of 10"),
        ("max_life", {"resolve_at": 500}, "at or above the limit of 600"),
        ("unreadable", {"resolve_at": 5}, "no limit of its own"),
        ("deaths", {"reasons": []}, "reasons is empty"),
        ("running", {"name": " r"}, "begins or ends with a space"),
        ("running", {"unknown": 1}, "unknown"),
        ("running", {"for_seconds": -1}, "for_seconds"),
        ("running", {"quiet_hours": [{"days": ["mon"], "from": "09:00", "to": "09:00"}]}, "same time"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(kind: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(RuleError, match=said):
        rule(kind, **more)


def test_share_of_the_cap_is_grouped_by_account_or_by_nothing() -> None:
    with pytest.raises(RuleError, match="group by account"):
        parse({"name": "r", "kind": "running", "above_pct_of_cap": 80, "group_by": ["owner"]})


@pytest.mark.parametrize(
    ("kind", "more", "resolve"),
    [
        ("usage", {}, 93.0), ("running", {"above": 100}, 95.0), ("max_life", {}, 630.0), ("disk_full", {}, 3.15),
        ("limit", {}, 78.0), ("running", {"above": 0}, 0.0), ("breaker", {}, 0.0),
        ("usage", {"resolve_at": 80}, 80.0),
    ],
)  # fmt: skip
def test_it_is_over_two_points_or_five_percent_beside_the_limit(
    kind: str, more: dict[str, Any], resolve: float
) -> None:
    assert resolve_limit(rule(kind, **more)) == pytest.approx(resolve)


@pytest.mark.parametrize(
    ("kind", "more", "value", "level"),
    [
        ("usage", {}, 95.0, "between"), ("usage", {}, 95.1, "over"), ("usage", {}, 93.0, "clear"),
        ("limit", {}, 80.0, "over"), ("limit", {}, 78.0, "clear"),
        ("orphans", {}, 3, "between"), ("orphans", {}, 4, "over"), ("orphans", {}, 2, "clear"),
        ("max_life", {}, 599, "over"), ("max_life", {}, 600, "between"), ("max_life", {}, 630, "clear"),
        ("breaker", {}, 1, "over"), ("breaker", {}, 0, "clear"),
    ],
)  # fmt: skip
def test_level_of_a_figure(kind: str, more: dict[str, Any], value: float, level: str) -> None:
    assert level_of(rule(kind, **more), Figure(value=value)) == level


RULES = st.sampled_from([rule(kind) for kind in FIELDS_OF])


@given(RULES, st.floats(0, 1e6), st.floats(0, 1e6))
def test_levels_are_monotone(spec: Any, one: float, other: float) -> None:
    """What lies further beyond the limit is never less of an alert."""
    order = [Level.CLEAR, Level.BETWEEN, Level.OVER]
    below = KINDS[spec.kind].below
    low, high = sorted([one, other], reverse=below)
    assert order.index(level_of(spec, Figure(value=low))) <= order.index(level_of(spec, Figure(value=high)))


@given(RULES, st.floats(0, 1e6))
def test_part_of_a_figure_proves_only_that_it_is_beyond(spec: Any, value: float) -> None:
    whole, part = level_of(spec, Figure(value=value)), level_of(spec, Figure(value=value, partial=True))
    assert part == (Level.OVER if whole is Level.OVER else Level.UNKNOWN)


def test_limit_of_each_kind_is_its_own_number() -> None:
    assert {kind: threshold_of(rule(kind)) for kind in ("burn", "late", "deaths", "unreadable")} == {
        "burn": 5, "late": 120, "deaths": 5, "unreadable": None,
    }  # fmt: skip
