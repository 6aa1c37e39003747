"""What needs somebody, in words."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.urls import resolve

from dashboard.fleet.attention import needs
from dashboard.fleet.attention_shapes import Facts, Need
from dashboard.fleet.attention_words import ROUNDS

NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)
AGO = NOW - timedelta(minutes=9)
EVERYTHING = Facts(
    NOW, running=90, cap=100, started_per_minute=2, ended_per_minute=1, orphans=1, orphan_usd_per_hour=1,
    orphan_where="ci", first_act_at=NOW, over_memory=1, over_memory_where="ci", no_sample=1, no_metrics=["prod"],
    empty_metrics=["prod"],
    no_sample_where="ci", stale_since=AGO, poll_error="502", unlisted=[("prod", AGO, "502")],
    rounds_failing=[("prod", "act", AGO, "502")], polls_slow=[("prod", 7.1, 5)], webhooks_silent=[("prod", AGO)],
    webhooks_locked=["prod"], breakers=[("idle", "too many")], brakes=[("prod", "too many")],
    list_doubts=[("prod", "state", 1, "i1")], same_fleets=[("prod", "old")], failed_actions=1, disk_free=1,
    from_the_future=[("prod", 1)], in_grace=1,
)  # fmt: skip
OF_AN_ACCOUNT = {"See account", "See webhook"}


def said(need: Need) -> str:
    return "".join(text for text, _ in need.parts)


def test_a_fleet_without_trouble_needs_nobody() -> None:
    assert needs(Facts(NOW, running=50, cap=100)) == []


def test_orphans_in_grace_are_told_with_the_time_that_is_left_and_their_cost() -> None:
    facts = Facts(
        NOW, orphans=14, orphan_where="staging", orphan_usd_per_hour=3.57, first_act_at=NOW + timedelta(0, 250),
        in_grace=14,
    )  # fmt: skip
    (need,) = needs(facts)
    assert said(need) == "14 orphans in staging, first action "
    assert need.due == facts.first_act_at, "the page counts it down"
    assert need.cause == "$3.57/h, in grace"
    assert need.label == "Review 14"


def test_orphans_of_a_dry_run_beside_those_in_grace_are_told_apart() -> None:
    facts = Facts(NOW, orphans=12, in_grace=7, orphan_usd_per_hour=1.74, first_act_at=NOW + timedelta(0, 81))
    assert needs(facts)[0].cause == "$1.74/h; 7 in grace, 5 not acted on"


def test_a_cap_that_comes_near_says_when_it_is_reached() -> None:
    (need,) = needs(Facts(NOW, running=1912, cap=2400, started_per_minute=48, ended_per_minute=39))
    assert said(need) == "1,912 of 2,400, full in about 54 min"


def test_the_most_urgent_comes_first() -> None:
    facts = Facts(
        NOW, orphans=1, over_memory=3, no_sample=2, stale_since=NOW - timedelta(seconds=23), poll_error="429",
        webhooks_silent=[("prod", NOW - timedelta(minutes=6))], polls_slow=[("prod", 7.1, 5)], failed_actions=2,
    )  # fmt: skip
    assert [said(need).split()[0] for need in needs(facts)] == ["No", "1", "3", "2", "2", "No", "A"]


def test_a_list_that_can_not_be_read_is_no_empty_fleet() -> None:
    (never,) = needs(Facts(now=NOW, unlisted=[("prod", None, "401: check the key")]))
    assert never.parts == [("E2B's list has never been read", True)]
    assert never.cause == "prod; 401: check the key"
    (late,) = needs(Facts(now=NOW, unlisted=[("prod", NOW - timedelta(minutes=6), "502")]))
    assert said(late) == "E2B's list could not be read for 6 min"


def test_round_that_fails_names_its_account_and_why() -> None:
    (need,) = needs(Facts(NOW, rounds_failing=[("prod", "act", NOW - timedelta(minutes=6), "enter the key again")]))
    assert said(need) == "Sending actions is failing for prod, since 6 min"
    assert need.cause == "enter the key again"
    (part,) = needs(Facts(NOW, rounds_failing=[("prod", "poll part 1 of 4", NOW - timedelta(minutes=6), "502")]))
    assert said(part) == "Polling part 1 of 4 is failing for prod, since 6 min"


def test_locked_webhook_secret_is_named_with_what_to_do() -> None:
    (need,) = needs(Facts(now=NOW, webhooks_locked=["prod"]))
    assert said(need) == "The webhook secret can't be decrypted"
    assert need.cause == "prod; deliveries are answered 503; enter the secret again"


def test_little_room_on_the_disk_comes_first() -> None:
    found = needs(Facts(NOW, disk_free=3 * 2**30, failed_actions=1))
    assert said(found[0]) == "Disk almost full: 3.00 GiB left"


def test_events_dated_in_the_future_are_counted_and_named() -> None:
    (need,) = needs(Facts(NOW, from_the_future=[("prod", 2)]))
    assert said(need) == "2 events dated in the future"
    assert need.cause.startswith("prod; dated by arrival instead")


def test_backend_without_metrics_is_said_to_keep_none() -> None:
    (need,) = needs(Facts(NOW, no_metrics=["prod"]))
    assert said(need) == "prod's backend has no metrics endpoint"


def test_backend_that_answers_with_nothing_is_not_said_to_lack_the_call() -> None:
    (need,) = needs(Facts(NOW, empty_metrics=["prod"]))
    assert said(need) == "prod's backend answers, but with no samples"


def test_link_of_every_need_leads_to_a_page_and_to_its_account() -> None:
    usual = Facts(NOW)
    assert [one.name for one in fields(Facts) if getattr(EVERYTHING, one.name) == getattr(usual, one.name)] == ["now"]
    found = needs(EVERYTHING)
    for need in found:
        resolve(urlsplit(need.link).path)
        asked = parse_qs(urlsplit(need.link).query).get("account")
        assert asked == (["prod"] if need.label in OF_AN_ACCOUNT else None), need
    assert {need.link for need in found if need.label == "See webhook"} == {"/settings/?account=prod"}


def rounds_in(module: Path) -> Iterator[str]:
    """Names of rounds in calls of `rounds` and `round_errors`: literals, or constants of the module."""
    dotted = ".".join(module.relative_to(settings.BASE_DIR).with_suffix("").parts)
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            if isinstance(of, ast.Name) and of.id in {"rounds", "round_errors"}:
                yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))
                names = [one.id for one in node.args if isinstance(one, ast.Name) and one.id.isupper()]
                yield from (getattr(importlib.import_module(dotted), name) for name in names)


def test_every_round_has_a_name_that_people_read() -> None:
    modules = [one for part in ("sandboxes", "events", "dashboard") for one in (settings.BASE_DIR / part).rglob("*.py")]
    used = {name for module in modules for name in rounds_in(module)}
    assert used == set(ROUNDS)


@pytest.mark.parametrize(("what", "count", "sentence"), [
    ("not listed", 4, "E2B's list leaves out 4 sandboxes that it shows by itself"),
    ("not listed", 1, "E2B's list leaves out 1 sandbox that it shows by itself"),
    ("entry", 2, "2 whole entries in the list can't be read"),
    ("memoryMB", 3, "3 × memoryMB in the list can't be read, or can't be true"),
])  # fmt: skip
def test_doubt_of_a_list_says_what_it_is(what: str, count: int, sentence: str) -> None:
    (need,) = needs(Facts(NOW, list_doubts=[("prod", what, count, "i1")]))
    assert (said(need), need.cause) == (sentence, "prod; for example i1")
