"""The fleet's list: what is found, in which order, page by page, and what each row tells."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandboxes.fleet.search import ORDERS, QueryError, SandboxQuery, find, matching_ids, search, states_of
from sandboxes.models import AccountHealth, LeaseSpan, SandboxLock
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db


def ids(query: SandboxQuery, **options: Any) -> list[str]:
    return [row.id for row in search(query, now=NOW, **options).items]


def walk(query: SandboxQuery, limit: int) -> list[str]:
    """All pages, one after the other."""
    found, cursor = [], None
    while True:
        page = search(query, limit=limit, cursor=cursor, now=NOW)
        found += [row.id for row in page.items]
        cursor = page.next
        if cursor is None:
            return found


def test_the_newest_run_comes_first_and_ended_ones_are_left_out() -> None:
    records.sandbox("old", started_at=NOW - timedelta(hours=2))
    records.sandbox("new")
    records.sandbox("gone", state="ended", ended_at=NOW)
    records.sandbox("asleep", state="paused", started_at=NOW - timedelta(hours=3), paused_at=NOW)
    assert ids(SandboxQuery()) == ["new", "old", "asleep"]
    assert ids(SandboxQuery(states=states_of("all"), order="id")) == ["asleep", "gone", "new", "old"]
    assert ids(SandboxQuery(states=states_of("ended,paused"))) == ["gone", "asleep"]


def test_a_row_carries_the_newest_sample_of_its_shard() -> None:
    box, other = records.sandbox("a"), records.sandbox("b")
    records.frame({box.pk: Reading(cpu=90), other.pk: Reading(cpu=1)}, at=NOW - timedelta(seconds=10))
    records.frame({box.pk: Reading(cpu=12.34, mem=128, age=3)}, at=NOW - timedelta(seconds=5), shards=2)
    records.frame({other.pk: Reading(cpu=55, mem=1)}, at=NOW - timedelta(seconds=8), shard=1, shards=2)
    row = find("a", now=NOW)
    assert row is not None
    assert (row.cpu_pct, row.mem_used, row.mem_total) == (12.34, 128 * 2**20, 512 * 2**20)
    assert row.sampled_at == NOW - timedelta(seconds=8)
    assert row.disk_total is None
    assert [row.cpu_pct for row in search(SandboxQuery(order="-cpu_pct"), now=NOW).items] == [55, 12.34]


def test_what_is_in_no_frame_keeps_the_last_sample_of_its_row() -> None:
    records.sandbox("asleep", state="paused", cpu_pct=7.5, mem_used=10, mem_total=100, sampled_at=NOW)
    row = find("asleep", now=NOW)
    assert row is not None
    assert (row.cpu_pct, row.mem_used, row.end_at) == (7.5, 10, None)
    assert ids(SandboxQuery(mem_min=10)) == ["asleep"]
    assert ids(SandboxQuery(mem_min=10.1)) == []


def test_samples_are_filtered_by() -> None:
    hot, cold, none = (records.sandbox(name) for name in ("hot", "cold", "none"))
    records.frame({hot.pk: Reading(cpu=80, mem=500), cold.pk: Reading(cpu=1, mem=5), none.pk: Reading(age=None)})
    assert ids(SandboxQuery(cpu_min=50)) == ["hot"]
    assert ids(SandboxQuery(mem_min=50)) == ["hot"]
    assert ids(SandboxQuery(no_sample=True)) == ["none"]
    assert sorted(ids(SandboxQuery(no_sample=False))) == ["cold", "hot"]


@pytest.mark.parametrize(
    "query",
    [
        SandboxQuery(owner="ada"),
        SandboxQuery(environment="prod"),
        SandboxQuery(template="tpl"),
        SandboxQuery(template="Name of it"),
        SandboxQuery(account="second"),
        SandboxQuery(metadata={"run": "1", "awk ward": 'k"=%_'}),
        SandboxQuery(age_min=7000),
        SandboxQuery(ends_within=60),
        SandboxQuery(q="WANT"),
        SandboxQuery(q="nickn"),
        SandboxQuery(q='="%_'.removeprefix("=")),
        SandboxQuery(q="awk ward=k"),
        SandboxQuery(q="ADA"),
    ],
)
def test_each_filter_finds_the_one_that_matches(query: SandboxQuery) -> None:
    second = records.account("second")
    records.sandbox("other", metadata={"run": "2"}, owner="bob", environment="dev")
    records.sandbox(
        "wanted",
        of=second,
        owner="ada",
        environment="prod",
        template_id="tpl",
        template_name="Name of it",
        alias="nickname",
        metadata={"run": "1", "awk ward": 'k"=%_', "q": '"%_'},
        started_at=NOW - timedelta(hours=2),
        end_at=NOW + timedelta(seconds=30),
    )
    assert ids(query) == ["wanted"]
    assert search(query, now=NOW).total == 1


def test_age_max_keeps_the_young() -> None:
    records.sandbox("young", started_at=NOW - timedelta(seconds=5))
    records.sandbox("old")
    assert ids(SandboxQuery(age_max=60)) == ["young"]


def test_a_percent_sign_is_no_wildcard() -> None:
    records.sandbox("one", alias="100%")
    records.sandbox("two", alias="100x")
    assert ids(SandboxQuery(q="100%")) == ["one"]


@pytest.mark.parametrize("order", [sign + name for name in ORDERS for sign in ("", "-")])
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_meet_every_sandbox_once_in_order(order: str, limit: int) -> None:
    """Equal values and nulls among them."""
    records.price()
    made = [
        records.sandbox(
            f"i{number}",
            started_at=NOW - timedelta(minutes=number // 2),
            end_at=None if number % 3 == 0 else NOW + timedelta(minutes=number),
            closed_cost_usd=Decimal(number // 3),
            burn_usd_per_hour=Decimal(number % 2),
        )
        for number in range(8)
    ]
    records.frame({box.pk: Reading(cpu=index // 2, mem=index) for index, box in enumerate(made[:6])})
    query = SandboxQuery(order=order)
    whole = ids(query)
    assert sorted(whole) == [f"i{number}" for number in range(8)]
    assert walk(query, limit) == whole


def test_missing_values_come_last_in_both_directions() -> None:
    records.sandbox("never", end_at=None)
    records.sandbox("soon", end_at=NOW + timedelta(seconds=1))
    assert ids(SandboxQuery(order="end_at")) == ["soon", "never"]
    assert ids(SandboxQuery(order="-end_at")) == ["soon", "never"]


def test_a_cursor_keeps_the_moment_of_its_first_page() -> None:
    """CPU changes between two pages: nobody is met twice, nobody is left out."""
    boxes = [records.sandbox(f"i{number}") for number in range(4)]
    records.frame({box.pk: Reading(cpu=10 * index) for index, box in enumerate(boxes)}, at=NOW)
    first = search(SandboxQuery(order="-cpu_pct"), limit=2, now=NOW)
    later = NOW + timedelta(seconds=5)
    records.frame({box.pk: Reading(cpu=90 - 10 * index) for index, box in enumerate(boxes)}, at=later)
    second = search(SandboxQuery(order="-cpu_pct"), limit=2, cursor=first.next, now=later)
    assert [row.id for row in [*first.items, *second.items]] == ["i3", "i2", "i1", "i0"]
    assert [row.cpu_pct for row in second.items] == [10, 0]


@pytest.mark.parametrize("cursor", ["x", "bm8", "W10", "AAAA", "é", "WyJpZCIsMV0"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(QueryError):
        search(SandboxQuery(), cursor=cursor, now=NOW)


def test_a_cursor_of_another_order_is_refused() -> None:
    for _ in range(2):
        records.sandbox()
    cursor = search(SandboxQuery(order="id"), limit=1, now=NOW).next
    with pytest.raises(QueryError, match="belongs to the order"):
        search(SandboxQuery(order="-id"), limit=1, cursor=cursor, now=NOW)


def test_cost_is_the_ended_runs_and_the_current_one_by_the_price_of_each_second() -> None:
    records.price()
    records.sandbox("a", closed_cost_usd=Decimal("0.5"), burn_usd_per_hour=Decimal("0.1089"))
    records.sandbox("b", state="paused", closed_cost_usd=Decimal("0.25"))
    a, b = find("a", now=NOW), find("b", now=NOW)
    assert a is not None
    assert b is not None
    assert a.cost_usd == pytest.approx(0.5 + (2 * 0.000014 + 0.5 * 0.0000045) * 3600)
    assert (a.burn_usd_per_hour, b.cost_usd, b.burn_usd_per_hour) == (0.1089, 0.25, 0)
    assert ids(SandboxQuery(order="cost_usd")) == ["b", "a"]


def test_an_orphan_says_by_which_policy_and_why() -> None:
    box = records.sandbox("a")
    records.sandbox("b")
    records.verdict(box)
    row = find("a", now=NOW)
    assert row is not None
    assert (row.orphan.is_orphan, row.orphan.state, row.orphan.act_at) == (True, "candidate", None)
    assert [(reason.policy, reason.rule) for reason in row.orphan.reasons] == [("old ones", "older_than_seconds")]
    assert ids(SandboxQuery(orphan=True)) == ["a"]
    assert ids(SandboxQuery(orphan=False)) == ["b"]


def test_a_disabled_policy_makes_no_orphan() -> None:
    box = records.sandbox("a")
    records.verdict(box, records.policy(enabled=False))
    assert ids(SandboxQuery(orphan=True)) == []
    row = find("a", now=NOW)
    assert row is not None
    assert row.orphan.state == "none"


def test_a_marked_one_says_when_and_a_condemned_one_that_it_is_too_late() -> None:
    marked, condemned = records.sandbox("a"), records.sandbox("b")
    for box in (marked, condemned):
        records.verdict(box)
    records.action(marked, state="grace", actor_kind="policy", act_at=NOW + timedelta(minutes=5))
    claim = records.action(condemned, state="sent", actor_kind="policy")
    SandboxLock.objects.filter(pk=condemned.lock_id).update(pending_action=claim)
    a, b = find("a", now=NOW), find("b", now=NOW)
    assert a is not None
    assert b is not None
    assert (a.orphan.state, a.orphan.act_at) == ("marked", NOW + timedelta(minutes=5))
    assert (b.orphan.state, b.orphan.act_at) == ("condemned", None)


def test_protection_holds_until_its_end() -> None:
    for name, until in (("for good", None), ("still", NOW + timedelta(1)), ("over", NOW - timedelta(1))):
        box = records.sandbox(name)
        SandboxLock.objects.filter(pk=box.lock_id).update(
            protected=True, protected_until=until, protected_reason="mine", protected_by="ada"
        )
    assert sorted(ids(SandboxQuery(protected=True))) == ["for good", "still"]
    assert ids(SandboxQuery(protected=False)) == ["over"]
    row = find("still", now=NOW)
    assert row is not None
    assert row.protected is not None
    assert (row.protected.until, row.protected.reason, row.protected.by) == (NOW + timedelta(1), "mine", "ada")


def test_the_lease_that_holds_longest_is_shown() -> None:
    box = records.sandbox("a", metadata={"job": "7"})
    records.lease("by-id", minutes=5, members=["a"])
    records.lease("by-metadata", minutes=9, metadata={"job": "7"})
    records.lease("of-others", minutes=99, metadata={"job": "8"})
    LeaseSpan.objects.create(key="before", sandbox=box, since=NOW - timedelta(1), until=NOW - timedelta(hours=1))
    row = find("a", now=NOW)
    assert row is not None
    assert row.lease is not None
    assert (row.lease.key, row.lease.state, row.lease.expires_at) == ("by-metadata", "live", NOW + timedelta(minutes=9))


def test_without_a_live_lease_the_last_one_that_covered_it_is_shown() -> None:
    box = records.sandbox("a")
    records.lease("given back", minutes=5, members=["a"], released_at=NOW)
    for key, hours in (("given back", 0), ("long ago", 5)):
        LeaseSpan.objects.create(key=key, sandbox=box, since=NOW - timedelta(1), until=NOW - timedelta(hours=hours))
    row = find("a", now=NOW)
    assert row is not None
    assert row.lease is not None
    assert (row.lease.key, row.lease.state, row.lease.expires_at) == ("given back", "expired", NOW)


def test_last_seen_is_the_newest_of_list_and_sample() -> None:
    listed, sampled = NOW - timedelta(seconds=48), NOW - timedelta(seconds=3)
    AccountHealth.objects.create(account=records.account(), last_sync_at=listed)
    box = records.sandbox("a")
    records.sandbox("b", state="paused", paused_at=NOW - timedelta(minutes=5), sampled_at=sampled)
    records.frame({box.pk: Reading(cpu=5)}, at=sampled)
    seen = {row.id: row.last_seen_at for row in search(SandboxQuery(), now=NOW).items}
    assert seen == {"a": sampled, "b": listed}, "a sample says nothing of a paused one"


def test_who_ended_it() -> None:
    box = records.sandbox("a", state="ended", ended_at=NOW, end_reason="request", gone_at=NOW)
    records.action(box, state="failed")
    done = records.action(box, state="confirmed", outcome="killed", actor_name="ada")
    row = find("a", now=NOW)
    assert row is not None
    assert row.ended_by is not None
    assert (row.ended_by.action_id, row.ended_by.actor.kind, row.ended_by.actor.name) == (done.pk, "user", "ada")
    assert row.last_seen_at == NOW


def test_the_simulated_account_is_out_of_sight_once_there_is_a_real_one() -> None:
    records.sandbox("demo-box", of=records.account("demo", simulated=True))
    assert ids(SandboxQuery()) == ["demo-box"]
    records.sandbox("real-box")
    assert ids(SandboxQuery()) == ["real-box"]
    assert find("demo-box", now=NOW) is None
    assert ids(SandboxQuery(account="demo")) == ["demo-box"]


def test_all_that_match_can_be_named() -> None:
    boxes = [records.sandbox(owner="ada") for _ in range(3)]
    records.sandbox(owner="bob")
    assert matching_ids(SandboxQuery(owner="ada"), now=NOW) == [box.pk for box in boxes]


@pytest.mark.parametrize("fields", [{"order": "name"}, {"states": ("dead",)}, {"age_min": -1}, {"q": "a\0"}])
def test_what_cannot_be_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(QueryError):
        SandboxQuery(**fields)  # type: ignore[arg-type]
