"""The round notes who is over what: since when, and only from figures that can be trusted."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync

from sandboxes.cost.money import usd_of
from sandboxes.limits import book, status
from sandboxes.limits import round as limits_round
from sandboxes.limits.settled import Settled
from sandboxes.limits.spec import LimitSpec
from sandboxes.limits.usage import spent_exactly, used_by
from sandboxes.models import Account, AccountHealth, Limit, LimitState, Price, Sandbox
from tests.support import records
from tests.support.records import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
TEN, HOUR = timedelta(seconds=10), timedelta(hours=1)


@pytest.fixture(autouse=True)
def prices(db: None) -> None:
    Price.objects.all().delete()
    records.price()


def listed(name: str = "default", at: Any = NOW) -> Account:
    """An account whose list was read at that time."""
    account = records.account(name)
    AccountHealth.objects.update_or_create(account=account, defaults={"last_sync_at": at})
    return account


def ran(owner: str, hours: float = 1, **fields: Any) -> Sandbox:
    box = records.sandbox(owner=owner, started_at=NOW - hours * HOUR, burn_usd_per_hour="0.1089", **fields)
    box.executions.create(key="run", started_at=NOW - hours * HOUR)
    return box


def limited(name: str = "x", **fields: Any) -> Limit:
    given: dict[str, Any] = {"name": name, "key": "owner", "value": "*", "max_running": 1} | fields
    return book.write(LimitSpec(**given))


def judged(at: Any, settled: Settled | None = None) -> None:
    """One round of a process that has just started, unless it is told what an earlier one added up."""
    with time_machine.travel(at, tick=False):
        assert async_to_sync(limits_round.run)(settled or Settled())


def states() -> dict[str, tuple[str, Any]]:
    return {one.value: (one.state, one.since) for one in LimitState.objects.all()}


def test_since_is_when_the_state_began() -> None:
    listed()
    ran("ada")
    limited(max_running=1)
    judged(NOW)
    assert states() == {"ada": ("warn", NOW)}
    second = ran("ada")
    judged(NOW + TEN)
    judged(NOW + 2 * TEN)
    assert states() == {"ada": ("over", NOW + TEN)}
    Sandbox.objects.filter(pk=second.pk).update(state="ended")
    judged(NOW + 3 * TEN)
    assert states() == {"ada": ("warn", NOW + 3 * TEN)}


def test_a_row_says_what_alerts_need() -> None:
    listed()
    ran("ada", hours=2)
    limited(usd_per_day=Decimal("0.5445"))
    judged(NOW)
    (row,) = status.rows(NOW + timedelta(seconds=60))
    account = Account.objects.get().pk
    assert (row.limit, row.key, row.value, row.account_name, row.accounts) == (
        "x",
        "owner",
        "ada",
        "default",
        (account,),
    )
    assert (row.running, row.usd_today, row.usd_this_month) == (1, Decimal("0.2178"), Decimal("0.2178"))
    assert (row.used_pct, row.state, row.forecast_at) == (100, "warn", NOW + 3 * HOUR)
    assert row.fresh
    assert not status.rows(NOW + timedelta(seconds=61))[0].fresh
    assert status.rows(NOW, limit="another") == []


def test_who_is_gone_has_no_row() -> None:
    listed()
    box = ran("ada")
    limited()
    judged(NOW)
    box.delete()
    judged(NOW + TEN)
    assert states() == {}


def test_an_account_whose_list_is_stale_keeps_its_last_state() -> None:
    listed("default", NOW)
    listed("second", NOW - HOUR)
    ran("ada")
    ran("bob", of=records.account("second"))
    limited("apart")
    limited("together", accounts=("default", "second"))
    judged(NOW)
    assert {(one.limit, one.value) for one in status.rows(NOW)} == {("apart", "ada")}
    listed("second", NOW)
    judged(NOW)
    assert {(one.limit, one.value) for one in status.rows(NOW)} == {
        ("apart", "ada"), ("apart", "bob"), ("together", "ada"), ("together", "bob"),
    }  # fmt: skip
    listed("default", NOW + HOUR)
    judged(NOW + HOUR)  # only the first one's list is fresh
    assert {(one.limit, one.value, one.fresh) for one in status.rows(NOW + HOUR)} == {
        ("apart", "ada", True), ("apart", "bob", False), ("together", "ada", False), ("together", "bob", False),
    }  # fmt: skip


def test_what_nobody_judges_any_more_is_forgotten_after_an_hour() -> None:
    listed()
    ran("ada")
    limited()
    judged(NOW)
    Account.objects.update(enabled=False)
    judged(NOW + HOUR)
    assert states()
    judged(NOW + HOUR + TEN)
    assert not states()


def test_an_account_that_fails_hinders_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    listed("default")
    broken = listed("second")
    ran("ada")
    ran("bob", of=broken)
    limited()

    def failing(account: Account, *given: Any) -> Any:
        if account.pk == broken.pk:
            raise ValueError("no figures")
        return used_by(account, *given)

    monkeypatch.setattr(limits_round, "used_by", failing)
    judged(NOW)
    assert states().keys() == {"ada"}
    assert "no figures" in str(AccountHealth.objects.get(account=broken).round_errors)


def test_a_round_says_what_the_whole_record_says_at_any_time() -> None:
    listed()
    for number in range(12):
        ran(f"o{number % 3}", hours=17 * number + 0.3)
    limited(usd_per_month=Decimal(100), max_running=None)
    account, settled = Account.objects.get(), Settled()
    for minutes in (0, 3, 9, 11, 60 * 12 + 1, 60 * 24 * 11):  # past midnight, past the end of the month
        at = NOW + timedelta(minutes=minutes)
        listed(at=at)
        judged(at, settled)
        whole = spent_exactly(account.pk, "owner", at)
        assert {one.value: (one.usd_today, one.usd_this_month) for one in LimitState.objects.all()} == {
            value: (usd_of(whole.today[value]), usd_of(whole.month[value])) for value in whole.month
        }


def test_what_becomes_known_late_is_counted_within_ten_minutes() -> None:
    listed()
    box, settled = ran("ada", hours=2), Settled()
    limited(usd_per_day=Decimal(100))
    judged(NOW + TEN, settled)
    box.executions.update(ended_at=NOW - HOUR)
    judged(NOW + 2 * TEN, settled)
    assert status.rows(NOW)[0].usd_today == Decimal("0.2178")  # as it was added up at 12:00
    listed(at=NOW + timedelta(minutes=10))
    judged(NOW + timedelta(minutes=10), settled)
    assert status.rows(NOW)[0].usd_today == Decimal("0.1089")


def test_of_a_crowd_those_that_use_most_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_round, "MOST_STATES", 2)
    listed()
    for owner in ("ada", "bob", "bob", "eve", "eve", "eve"):
        ran(owner)
    limited()
    judged(NOW)
    assert states().keys() == {"bob", "eve"}


def test_an_edited_limit_leaves_no_row_of_what_it_was() -> None:
    listed()
    ran("ada")
    limit = limited()
    judged(NOW)
    book.write(LimitSpec(name="x", key="owner", value="*", accounts=("default",), max_running=1), limit)
    judged(NOW + TEN)
    assert [row.value for row in status.rows(NOW)] == ["ada"]
