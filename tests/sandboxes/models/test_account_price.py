"""An account's own price beats the general one from its first on, in SQL as in Python, wherever money is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import inbox
from events.writing import Arrival
from sandboxes.core.prices import price_book, price_books
from sandboxes.cost import Question, spend
from sandboxes.fleet import figures
from sandboxes.fleet.search import SandboxQuery, search
from sandboxes.metrics.series import minutes
from sandboxes.models import AccountPrice, Execution, FleetMinute, Price, Sandbox
from tests.events.factories import at, seen
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
SECONDS = st.integers(0, 7200)
HOUR = timedelta(hours=1)
OWN = 2_000  # apart from every general rate below

AT = """
SELECT usd_per_vcpu_second FROM sandboxes_account_price_span WHERE account_id = %s AND since <= %s AND %s < until"""


@contextmanager
def taken_back() -> Iterator[None]:
    """What one example plants is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def later(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(general=st.sets(SECONDS, max_size=3), own=st.sets(SECONDS, max_size=3), when=SECONDS)
def test_price_of_an_account_at_a_time_is_the_same(general: set[int], own: set[int], when: int) -> None:
    with taken_back():
        Price.objects.all().delete()
        account, other = records.account("own"), records.account("other")
        for one in general:
            Price.objects.create(since=later(one), usd_per_vcpu_second=one + 1, usd_per_gib_second=1)
        for one in own:
            account.prices.create(since=later(one), usd_per_vcpu_second=one + OWN, usd_per_gib_second=2)
        begun = [one for one in own if one <= when]
        earlier = [one for one in general if one <= when]
        first = max(earlier) + 1 if earlier else min(general) + 1 if general else 0
        wanted = Decimal(max(begun) + OWN if begun else first)
        with connection.cursor() as cursor:
            cursor.execute(AT, [account.pk, later(when), later(when)])
            assert cursor.fetchall() == [(wanted,)]
            cursor.execute(AT, [other.pk, later(when), later(when)])
            assert cursor.fetchall() == [(Decimal(first),)]
        for book in (price_book(account.pk), price_books().of(account.pk), price_books().named("own")):
            assert book.at(later(when)).usd_per_vcpu_second == wanted
        assert price_books().of(other.pk).at(later(when)).usd_per_vcpu_second == first


@pytest.fixture
def planted(db: None) -> list[Sandbox]:
    """Two alike of two accounts, running for an hour; the second account costs tenfold in the last half of it."""
    Price.objects.all().delete()
    records.price()
    dear = records.account("dear")
    own = {"usd_per_vcpu_second": Decimal("0.00014"), "usd_per_gib_second": Decimal("0.000045")}
    AccountPrice.objects.create(account=dear, since=NOW - HOUR / 2, **own)
    boxes = [records.sandbox("i-plain", of=records.account("plain")), records.sandbox("i-dear", of=dear)]
    for box in boxes:
        Execution.objects.create(sandbox=box, started_at=box.started_at, cpu_count=2, memory_mb=512)
    return boxes


PLAIN = (2 * Decimal("0.000014") + Decimal("0.0000045") / 2) * 3600
DEAR = PLAIN / 2 + 10 * PLAIN / 2  # the past keeps its price


def test_cost_by_account(planted: list[Sandbox]) -> None:
    told = spend(Question(NOW - HOUR, NOW, group_by="account"), NOW)
    assert {item.group: item.cost_usd for item in told.items} == {"plain": PLAIN, "dear": DEAR}
    assert told.total_usd == PLAIN + DEAR


def test_cost_in_lists_and_their_order(planted: list[Sandbox]) -> None:
    found = search(SandboxQuery(order="-cost_usd"), now=NOW).items
    assert [one.id for one in found] == ["i-dear", "i-plain"]
    assert [round(Decimal(one.cost_usd), 6) for one in found] == [round(DEAR, 6), round(PLAIN, 6)]


def test_burn_of_the_fleet_at_a_moment(planted: list[Sandbox]) -> None:
    for ago, dear in ((HOUR * 3 / 4, PLAIN), (HOUR / 4, 10 * PLAIN)):
        burn = {one.id: Decimal(one.burn_usd_per_hour) for one in figures.at(NOW - ago).items}
        assert {name: round(usd, 6) for name, usd in burn.items()} == {"i-plain": PLAIN, "i-dear": round(dear, 6)}


def test_burn_of_each_minute(planted: list[Sandbox]) -> None:
    for box in planted:
        minutes.count_past(box.account_id, NOW - HOUR * 3 / 4, NOW)
    burn = dict(FleetMinute.objects.filter(minute=NOW - HOUR / 4).values_list("account__name", "burn_usd_per_hour"))
    assert burn == {"plain": PLAIN, "dear": 10 * PLAIN}
    before = FleetMinute.objects.get(account__name="dear", minute=NOW - HOUR * 3 / 4)
    assert before.burn_usd_per_hour == PLAIN


@pytest.mark.django_db(transaction=True)
async def test_burn_of_a_sandbox_as_its_event_is_written(mailbox: Any) -> None:
    from asgiref.sync import sync_to_async

    plain, dear = [await sync_to_async(records.account)(name) for name in ("plain", "dear")]
    await sync_to_async(records.price)()
    await AccountPrice.objects.acreate(account=dear, since=at(-60), usd_per_vcpu_second=1, usd_per_gib_second=0)
    for account in (plain, dear):
        await inbox.store([Arrival(account.pk, "observed", at(1), seen("created", 1, 0, cpu_count=2, memory_mb=512))])
    burn = {one.account_id: one async for one in Sandbox.objects.all()}
    cores = burn[dear.pk].cpu_count
    assert cores
    assert burn[dear.pk].burn_usd_per_hour == cores * 3600
    assert 0 < burn[plain.pk].burn_usd_per_hour < cores
