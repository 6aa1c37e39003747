"""The bill explained: the parts add up to the difference exactly, and each names what really changed."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.cost import Bill, Question, QuestionError, explain, spend
from sandboxes.cost.decomposition import Span, causes, split
from sandboxes.models import AccountPrice, Execution, Price, Sandbox
from tests.support import records
from tests.support.records import NOW
from tests.support.search import WITH_FIXTURES, examples

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
AN_HOUR = Decimal("0.1089")  # of two cores and half a GiB
PARTS = ("more_runs_usd", "longer_runs_usd", "bigger_machines_usd", "prices_usd", "idle_usd")
SPANS = st.builds(Span, *[st.integers(0, 10**12)] * 7)


@pytest.fixture(autouse=True)
def price(db: None) -> Any:
    Price.objects.all().delete()
    return records.price()


def ran(owner: str | None, began: Any, hours: float, **fields: Any) -> Sandbox:
    size = {"cpu_count": fields.pop("cpu_count", 2), "memory_mb": fields.pop("memory_mb", 512)}
    box = records.sandbox(owner=owner, started_at=began, **(size | fields))
    box.executions.create(key="r", started_at=began, ended_at=began + timedelta(hours=hours))
    return box


def bill(**span: Any) -> Bill:
    return explain(span.get("start", NOW - WEEK), span.get("end", NOW), NOW)


def changed(**span: Any) -> dict[str, Decimal]:
    """The parts of the total that are not nothing."""
    return {name: usd for name in PARTS if (usd := getattr(bill(**span).total, name))}


@given(SPANS, SPANS)
def test_causes_add_up_to_the_difference_without_a_rest(before: Span, after: Span) -> None:
    for one in (before, after):  # nothing is used where nothing ran
        if not one.runs:
            one.time = one.cores = one.mb = one.cores_cost = one.mb_cost = one.idle = 0
        if not one.time:
            one.cores = one.mb = one.cores_cost = one.mb_cost = 0
        one.cores_cost, one.mb_cost = one.cores_cost if one.cores else 0, one.mb_cost if one.mb else 0
    assert sum(causes(before, after)) == after.cost - before.cost


@given(st.lists(st.fractions(-1000, 1000), min_size=5, max_size=5), st.integers(-1, 1))
def test_rounded_parts_add_up_to_the_rounded_sum(parts: list[Fraction], off: int) -> None:
    total = round(sum(parts)) + off
    found = split(parts, total, 1)
    assert sum(found) == total
    assert all(abs(one - part) <= 2 for one, part in zip(found, parts, strict=True))


def test_twice_as_many_runs_are_more_runs() -> None:
    ran("ada", NOW - 9 * DAY, 1)
    for number in range(3):
        ran("ada", NOW - 2 * DAY + number * HOUR, 1)
    assert changed() == {"more_runs_usd": 2 * AN_HOUR}


def test_a_run_that_lasts_longer_is_longer_runs() -> None:
    ran("ada", NOW - 9 * DAY, 1)
    ran("ada", NOW - 2 * DAY, 3)
    assert changed() == {"longer_runs_usd": 2 * AN_HOUR}


def test_a_larger_machine_is_bigger_machines() -> None:
    ran("ada", NOW - 9 * DAY, 1)
    ran("ada", NOW - 2 * DAY, 1, cpu_count=4, memory_mb=1024)
    assert changed() == {"bigger_machines_usd": AN_HOUR}


def test_a_new_price_is_prices() -> None:
    Price.objects.create(since=NOW - WEEK, usd_per_vcpu_second="0.000028", usd_per_gib_second="0.000009")
    ran("ada", NOW - 9 * DAY, 1)
    ran("ada", NOW - 2 * DAY, 1)
    assert changed() == {"prices_usd": AN_HOUR}


def test_time_after_the_last_activity_is_idle_time() -> None:
    at = NOW - HOUR
    ran("ada", NOW - 26 * HOUR, 1)
    box = ran("ada", at, 1)
    records.frame({box.pk: records.Reading(cpu=50)}, at=NOW - 45 * timedelta(minutes=1))
    told = bill(start=NOW - DAY).total
    assert (told.usd_before, told.usd) == (AN_HOUR, AN_HOUR)
    assert told.idle_usd == AN_HOUR * 45 / 60
    assert told.longer_runs_usd == -AN_HOUR * 45 / 60
    assert told.idle_usd == spend(Question(NOW - DAY, NOW), NOW).items[0].idle_usd


def test_what_is_new_is_more_runs_and_what_is_gone_fewer() -> None:
    ran("ada", NOW - 9 * DAY, 1)
    ran("bob", NOW - 2 * DAY, 2, cpu_count=8)
    new, gone = bill().items
    assert (new.owner, new.change_usd, new.more_runs_usd) == ("bob", new.usd, new.usd)
    assert (gone.owner, gone.usd, gone.more_runs_usd) == ("ada", Decimal(0), -AN_HOUR)
    assert (gone.runs_before, gone.runs, new.runs) == (1, 0, 1)


def test_one_account_s_price_never_explains_another_s_growth() -> None:
    dear = records.account("dear")
    AccountPrice.objects.create(
        account=dear, since=NOW - 100 * DAY, usd_per_vcpu_second="0.000028", usd_per_gib_second="0.000009"
    )
    ran("ada", NOW - 9 * DAY, 1)
    ran("ada", NOW - 9 * DAY, 1, of=dear)
    for number in range(3):
        ran("ada", NOW - 2 * DAY + number * HOUR, 1, of=dear)
    assert set(changed()) == {"more_runs_usd"}


def test_a_span_that_is_not_over_is_compared_with_as_much_of_the_one_before() -> None:
    told = bill(start=NOW - DAY, end=NOW + 6 * DAY)
    assert (told.before, told.start, told.end) == (NOW - 2 * DAY, NOW - DAY, NOW)
    with pytest.raises(QuestionError, match="from must lie before"):
        bill(start=NOW, end=NOW + DAY)


RUNS = st.tuples(
    st.integers(0, 20_000), st.integers(1, 30_000), st.sampled_from(["ada", "bob", None]),
    st.sampled_from([1, 2, 8]), st.sampled_from([512, 1000, 4096]), st.sampled_from(["t1", "t2"]),
)  # fmt: skip


@settings(max_examples=examples(25), suppress_health_check=WITH_FIXTURES, deadline=None)
@given(st.lists(RUNS, max_size=12), st.lists(st.integers(0, 20_000), max_size=2, unique=True))
def test_parts_add_up_to_the_cent_whatever_ran(runs: list[Any], prices: list[int]) -> None:
    Execution.objects.all().delete()
    Sandbox.objects.all().delete()
    Price.objects.exclude(since__year=2020).delete()
    for number, minutes in enumerate(prices):
        Price.objects.create(
            since=NOW - timedelta(minutes=minutes), usd_per_vcpu_second=Decimal("0.0000173") * (number + 1),
            usd_per_gib_second=Decimal("0.0000031"),
        )  # fmt: skip
    for ago, minutes, owner, cores, mb, template in runs:
        began = NOW - timedelta(minutes=ago, seconds=ago % 37)
        ran(owner, began, minutes / 60, cpu_count=cores, memory_mb=mb, template_id=template)
    told = bill()
    for item in [told.total, *told.items]:
        assert sum(getattr(item, name) for name in PARTS) == item.change_usd == item.usd - item.usd_before
    for usd, start, end in ((told.total.usd_before, NOW - 2 * WEEK, NOW - WEEK), (told.total.usd, NOW - WEEK, NOW)):
        assert usd == spend(Question(start, end), NOW).total_usd
