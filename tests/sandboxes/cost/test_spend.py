"""Cost by group and time: exact, clipped, by dated prices; whatever it is cut by, it adds up to the same total."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.core.prices import price_book
from sandboxes.cost import Question, QuestionError, spend
from sandboxes.models import Account, Execution, Price, Sandbox, Verdict
from tests.support import records
from tests.support.records import NOW
from tests.support.search import WITH_FIXTURES, examples

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AN_HOUR_OF_TWO_CORES = Decimal("0.1089")  # and half a GiB


def run(of: Sandbox, start: datetime, end: datetime | None, **fields) -> Execution:
    return of.executions.create(key=f"{start}", started_at=start, ended_at=end, **fields)


def asked(start=NOW - DAY, end=NOW, **fields) -> Question:
    return Question(start, end, **fields)


def the_only(question: Question, now=NOW):
    (item,) = spend(question, now).items
    return item


@pytest.fixture(autouse=True)
def price(db):
    Price.objects.all().delete()
    return records.price()


def test_it_works():
    run(records.sandbox(owner="ada"), NOW - 2 * HOUR, NOW - HOUR)
    told = spend(asked(group_by="owner"), NOW)
    (item,) = told.items
    assert (item.group, item.bucket, item.cost_usd) == ("ada", None, AN_HOUR_OF_TWO_CORES)
    assert (item.seconds, item.sandboxes) == (Decimal(3600), 1)
    assert (told.currency, told.total_usd) == ("USD", AN_HOUR_OF_TWO_CORES)


def test_nothing_ran_is_no_item_and_nothing():
    told = spend(asked(), NOW)
    assert (list(told.items), told.total_usd) == ([], Decimal(0))


def test_a_run_is_clipped_at_both_edges_and_an_open_one_counts_to_now():
    run(records.sandbox(), NOW - 5 * DAY, None)
    assert the_only(asked(NOW - 3 * HOUR, NOW - HOUR)).seconds == 7200
    assert the_only(asked(NOW - HOUR, NOW + DAY)).seconds == 3600


def test_a_run_that_ends_where_the_range_begins_is_not_in_it():
    run(records.sandbox(), NOW - 2 * HOUR, NOW - HOUR)
    assert spend(asked(NOW - HOUR, NOW), NOW).items == []
    assert spend(asked(NOW - 3 * HOUR, NOW - 2 * HOUR), NOW).items == []


def test_a_run_has_its_own_size_and_else_its_sandboxes():
    box = records.sandbox(cpu_count=4, memory_mb=1024)
    run(box, NOW - 2 * HOUR, NOW - HOUR, cpu_count=2, memory_mb=512)
    assert the_only(asked()).cost_usd == AN_HOUR_OF_TWO_CORES
    Execution.objects.update(cpu_count=None, memory_mb=None)
    assert the_only(asked()).cost_usd == 2 * AN_HOUR_OF_TWO_CORES


def test_a_new_price_never_reprices_the_past():
    run(records.sandbox(), NOW - 2 * HOUR, NOW)
    before = spend(asked(bucket="hour"), NOW).items[0]
    Price.objects.create(since=NOW - HOUR, usd_per_vcpu_second="0.000028", usd_per_gib_second="0.000009")
    first, second = spend(asked(bucket="hour"), NOW).items
    assert first == before
    assert second.cost_usd == 2 * AN_HOUR_OF_TWO_CORES
    assert the_only(asked()).sandboxes == 1


def test_without_a_price_time_is_told_and_costs_nothing():
    Price.objects.all().delete()
    run(records.sandbox(), NOW - HOUR, NOW)
    assert (the_only(asked()).cost_usd, the_only(asked()).seconds) == (0, 3600)


def test_buckets_begin_at_whole_hours_and_days_of_utc():
    run(records.sandbox(), NOW - timedelta(minutes=90), NOW - timedelta(minutes=10))
    hours = spend(asked(bucket="hour"), NOW).items
    assert [(item.bucket, item.seconds) for item in hours] == [
        (NOW - 2 * HOUR, Decimal(1800)), (NOW - HOUR, Decimal(3000)),
    ]  # fmt: skip
    assert the_only(asked(bucket="day")).bucket == datetime(2026, 8, 21, tzinfo=UTC)


def test_groups_by_template_environment_account_and_any_metadata_key():
    box = records.sandbox(environment="dev", template_id="t1", metadata={"team": "x"})
    run(box, NOW - HOUR, NOW)
    run(records.sandbox(of=records.account("other")), NOW - HOUR, NOW)
    for group_by, groups in (
        ("template", {"t1", "base"}), ("environment", {"dev", None}), ("account", {"default", "other"}),
        ("metadata.team", {"x", None}), ("metadata.nobody's", {None}), (None, {None}),
    ):  # fmt: skip
        assert {item.group for item in spend(asked(group_by=group_by), NOW).items} == groups


def test_accounts_out_of_sight_do_not_count():
    run(records.sandbox(of=records.account("off", enabled=False)), NOW - HOUR, NOW)
    assert spend(asked(), NOW).items == []


def test_orphan_time_counts_once_however_many_policies_hold_it():
    box = records.sandbox()
    run(box, NOW - 4 * HOUR, NOW - HOUR)
    spans = ((5, 3.5), (3, 2), (2.5, 1.5))  # half an hour before it ran; the others overlap
    for number, (since, until) in enumerate(spans):
        held = records.verdict(box, records.policy(f"p{number}"))
        Verdict.objects.filter(pk=held.pk).update(since=NOW - since * HOUR, until=NOW - until * HOUR)
    assert the_only(asked()).orphan_usd == 2 * AN_HOUR_OF_TWO_CORES
    Verdict.objects.update(until=None)
    assert the_only(asked()).orphan_usd == the_only(asked()).cost_usd


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"start": NOW, "end": NOW}, "start must lie before end"),
        ({"bucket": "week"}, "bucket must be"),
        ({"group_by": "sandbox"}, "group_by must be"),
        ({"group_by": "metadata."}, "group_by must be"),
    ],
)
def test_a_question_that_makes_no_sense_says_so(fields, why):
    with pytest.raises(QuestionError, match=why):
        asked(**fields)


Moments = st.integers(-3 * 86_400_000_000, 86_400_000_000).map(lambda us: NOW + timedelta(microseconds=us))
Runs = st.tuples(
    st.sampled_from(["ada", "bob", None]), st.sampled_from(["x", "y", None]), Moments, Moments | st.none(),
    st.integers(0, 9), st.integers(0, 9999),
)  # fmt: skip
Rates = st.decimals(min_value=0, max_value=Decimal("0.001"), places=10)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=WITH_FIXTURES,
)
@given(
    runs=st.lists(Runs, max_size=8),
    prices=st.lists(st.tuples(Moments, Rates, Rates), max_size=3, unique_by=lambda one: one[0]),
    ends=st.tuples(Moments, Moments).filter(lambda two: two[0] != two[1]),
)
def test_every_cut_adds_up_to_what_a_simple_sum_says(runs, prices, ends):
    for model in (Execution, Sandbox, Account, Price):
        model.objects.all().delete()
    for since, core, gib in prices:
        Price.objects.create(since=since, usd_per_vcpu_second=core, usd_per_gib_second=gib)
    for owner, team, one, two, cores, memory in runs:
        start, end = (min(one, two), max(one, two)) if two else (one, None)
        box = records.sandbox(owner=owner, metadata={"team": team} if team else {}, cpu_count=cores, memory_mb=memory)
        run(box, start, end)
    start, end = sorted(ends)
    expected = _simply(runs, start, end)
    whole = spend(Question(start, end), NOW)
    assert abs(whole.total_usd - sum(expected.values())) <= Decimal("0.0000005")
    for bucket in ("hour", "day", "total"):
        for group_by in (None, "owner", "template", "metadata.team"):
            told = spend(Question(start, end, bucket, group_by), NOW)
            assert sum(item.cost_usd for item in told.items) == told.total_usd == whole.total_usd
            assert sum(item.seconds for item in told.items) == sum(item.seconds for item in whole.items)
    by_owner = {item.group: item.cost_usd for item in spend(Question(start, end, group_by="owner"), NOW).items}
    for owner, cost in by_owner.items():
        assert abs(cost - expected[owner]) < Decimal("0.000001")


def _simply(runs, start: datetime, end: datetime) -> dict[str | None, Decimal]:
    """By owner, run by run, with the price book that also prices a single sandbox."""
    book = price_book()
    sums: dict[Any, Any] = {}
    for owner, _, one, two, cores, memory in runs:
        began, over = (min(one, two), max(one, two)) if two else (one, NOW)
        span = max(began, start), min(over, end, NOW)
        cost = book.cost_usd(cores, memory, *span) if span[0] < span[1] else Decimal(0)
        sums[owner] = sums.get(owner, Decimal(0)) + cost
    return sums
