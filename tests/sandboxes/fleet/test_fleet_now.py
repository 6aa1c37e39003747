"""The fleet at this moment, and how old what we know is."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sandboxes.fleet import figures as fleet
from sandboxes.fleet.figures.percentiles import Spread, of_histogram, spread
from sandboxes.models import Account, AccountHealth
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db


def health(account: Account, **ago: float) -> None:
    fields = {f"last_{name}_at": NOW - timedelta(seconds=seconds) for name, seconds in ago.items()}
    AccountHealth.objects.update_or_create(account=account, defaults=fields)


def test_it_works():
    account = records.account(cap=20)
    one = records.sandbox(burn_usd_per_hour=Decimal("0.11"))
    two = records.sandbox(burn_usd_per_hour=Decimal("0.20"))
    records.sandbox(state="paused")
    records.sandbox(state="ended", ended_at=NOW - timedelta(minutes=2), end_reason="timeout")
    records.frame({one.pk: Reading(10.0, 128), two.pk: Reading(60.0, 256)})
    records.verdict(two)
    health(account, sync=3, poll=3)
    now = fleet.now(NOW)
    assert (now.t, now.running, now.paused, now.cap, now.stale_since) == (NOW, 2, 1, 20, None)
    assert now.cpu_pct == Spread(10.0, 60.0, 35.0)
    assert now.mem_pct == Spread(25.0, 50.0, 37.5)
    assert now.burn_usd_per_hour == Decimal("0.31")
    assert (now.orphans, now.orphan_usd_per_hour) == (1, Decimal("0.20"))
    assert (now.ended_per_minute, now.ended_by_reason) == (0.2, {"timeout": 1})


def test_an_empty_fleet_has_no_figures():
    records.account()
    now = fleet.now(NOW)
    assert (now.running, now.burn_usd_per_hour, now.orphans) == (0, Decimal(0), 0)
    assert now.cpu_pct == Spread(None, None, None)


def test_births_count_not_resumes():
    born = records.sandbox(started_at=NOW - timedelta(minutes=1))
    resumed = records.sandbox(started_at=NOW - timedelta(minutes=1), created_at=NOW - timedelta(hours=5))
    for sandbox in (born, resumed):
        sandbox.executions.create(key="x", started_at=sandbox.started_at)
    assert fleet.now(NOW).started_per_minute == 0.2


def test_ends_are_counted_by_reason_for_an_hour():
    for minutes, reason in ((1, "timeout"), (30, "timeout"), (40, None), (90, "request")):
        records.sandbox(state="ended", ended_at=NOW - timedelta(minutes=minutes), end_reason=reason)
    now = fleet.now(NOW)
    assert now.ended_by_reason == {"timeout": 2, "unknown": 1}
    assert now.ended_per_minute == 0.2


def test_what_was_seen_long_ago_is_not_now():
    one, two = records.sandbox(), records.sandbox()
    records.frame({one.pk: Reading(10.0, age=3000), two.pk: Reading(age=None)})
    assert fleet.now(NOW).cpu_pct == Spread(None, None, None)


def test_no_memory_limit_counts_for_cpu_alone():
    records.frame({records.sandbox().pk: Reading(10.0, 100, mem_total=0)})
    now = fleet.now(NOW)
    assert (now.cpu_pct.p50, now.mem_pct.p50) == (10.0, None)


def test_a_verdict_of_a_disabled_policy_makes_no_orphan():
    one = records.sandbox()
    records.verdict(one, records.policy(enabled=False))
    ended = records.sandbox(state="ended", ended_at=NOW)
    records.verdict(ended, records.policy("another"))
    assert fleet.now(NOW).orphans == 0


def test_shards_are_read_together_and_old_ticks_are_not():
    one, two = records.sandbox(), records.sandbox()
    records.frame({one.pk: Reading(90.0), two.pk: Reading(90.0)}, at=NOW - timedelta(seconds=10))
    records.frame({one.pk: Reading(10.0)}, at=NOW - timedelta(seconds=5), shards=2)
    records.frame({two.pk: Reading(20.0)}, at=NOW - timedelta(seconds=4), shard=1, shards=2)
    assert fleet.now(NOW).cpu_pct == Spread(10.0, 20.0, 15.0)


@pytest.mark.parametrize(
    ("ago", "since"),
    [
        ({"sync": 29, "poll": 9}, None),
        ({"sync": 29, "poll": 11}, 11),
        ({"sync": 31, "poll": 9}, 31),
        ({"sync": 31, "poll": 400}, 400),
    ],
)
def test_stale_is_what_is_two_ticks_old(ago, since):
    health(records.account(created_at=NOW), **ago)
    now = fleet.now(NOW)
    assert now.stale_since == (None if since is None else NOW - timedelta(seconds=since))


def test_an_account_never_read_is_stale_since_it_was_made():
    account = records.account()
    Account.objects.update(created_at=NOW - timedelta(minutes=3))
    assert fleet.now(NOW).stale_since == NOW - timedelta(minutes=3)
    assert fleet.now(NOW, account.pk).stale_since == NOW - timedelta(minutes=3)


def test_one_account_or_all_of_them():
    first, second = records.account("first", cap=5), records.account("second")
    records.sandbox(of=first)
    records.sandbox(of=second)
    assert (fleet.now(NOW).running, fleet.now(NOW).cap) == (2, None)
    assert (fleet.now(NOW, first.pk).running, fleet.now(NOW, first.pk).cap) == (1, 5)


def test_percentiles_are_values_that_occur():
    assert spread([float(value) for value in range(1, 101)]) == Spread(50.0, 95.0, 50.5)
    assert spread([7.0]) == Spread(7.0, 7.0, 7.0)


def test_percentiles_of_a_histogram_are_within_its_step():
    counts = [0] * 101
    counts[3], counts[80], counts[100] = 50, 45, 5
    assert of_histogram(counts, 50) == 3.5
    assert of_histogram(counts, 95) == 80.5
    assert of_histogram(counts, 96) == 100.0
    assert of_histogram([0] * 101, 50) is None
