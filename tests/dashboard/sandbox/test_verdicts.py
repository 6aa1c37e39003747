"""A sandbox's page and the reaper judge by one clock, from the same facts, in the same words."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.sandbox import verdicts
from sandboxes.cleanup.policy_book import write
from sandboxes.cleanup.reaper.facts import fleet_of
from sandboxes.cleanup.reaper.verdicts import hits_of
from sandboxes.fleet.search import SandboxQuery, search
from sandboxes.models import Account, AccountHealth, LeaseSpan, Policy, SandboxLock
from sandboxes.policies import PolicySpec, judge, parse
from tests.support import records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox")]


def account_ahead(seconds: float, **fields: object) -> Account:
    """Whose backend's clock is that far ahead of ours."""
    account = records.account("prod", **fields)
    AccountHealth.objects.create(account=account, clock_offset_seconds=seconds, last_sync_at=datetime.now(UTC))
    return account


def enabled(when: Mapping[str, object], **fields: object) -> PolicySpec:
    """The only policy."""
    Policy.objects.all().delete()
    spec = parse({"name": "old", "enabled": True, "orphan_when": when, **fields})
    write(spec)
    return spec


def both(spec: PolicySpec, account: Account, now: datetime) -> tuple[bool, verdicts.Opinion]:
    """Whether the reaper would hit the account's newest sandbox, and what its page says."""
    account.refresh_from_db()
    (row,) = search(SandboxQuery(), limit=1, now=now).items
    (opinion,) = verdicts.opinions(row, now)
    return row.key in hits_of(spec, fleet_of(account), now), opinion


@pytest.mark.parametrize(("offset", "hit"), [(60, True), (0, False), (-60, False)])
def test_page_and_reaper_judge_by_the_backend_s_clock(offset: int, hit: bool) -> None:
    now, account = datetime.now(UTC), account_ahead(offset)
    records.sandbox(of=account, started_at=now - timedelta(seconds=100), first_seen_at=now)
    reaper, page = both(enabled({"older_than_seconds": 130}), account, now)
    assert reaper is hit
    assert page.rules[0].holds is hit
    assert page.rules[0].measured == {60: "2 min 40 s", 0: "1 min 40 s", -60: "40 s"}[offset]


@pytest.mark.parametrize(("offset", "ours_ago"), [(60, 100), (-60, 100)])
def test_times_of_ours_are_moved_to_the_backend_s_clock(offset: float, ours_ago: float) -> None:
    """First sight and the end of a lease are ours: 100 s ago is 100 s ago, whatever the backend's clock shows."""
    now, account = datetime.now(UTC), account_ahead(offset)
    at = now - timedelta(seconds=ours_ago)
    records.sandbox(of=account, started_at=at, first_seen_at=at)
    assert both(enabled({"no_lease_for_seconds": 99}), account, now)[0] is True
    reaper, page = both(enabled({"no_lease_for_seconds": 101}), account, now)
    assert (reaper, page.rules[0].measured, page.rules[0].holds) == (False, "1 min 40 s", False)


def test_protection_ends_when_it_was_said_to_end_on_our_clock() -> None:
    now, account = datetime.now(UTC), account_ahead(60)
    box = records.sandbox(of=account, started_at=now - timedelta(hours=1))
    until = now + timedelta(seconds=30)
    SandboxLock.objects.filter(pk=box.lock_id).update(protected=True, protected_by="ada", protected_until=until)
    spec = enabled({"older_than_seconds": 130})
    reaper, page = both(spec, account, now)
    assert not reaper
    assert page.why_not.startswith("protected by ada until ")
    assert both(spec, account, now + timedelta(seconds=31))[0] is True


def test_page_says_what_the_judge_says() -> None:
    now, account = datetime.now(UTC), account_ahead(0, keep_metadata=["tier=prod"])
    box = records.sandbox(of=account, started_at=now - timedelta(hours=1), metadata={"tier": "prod", "keep": "true"})
    spec = enabled({"older_than_seconds": 130})
    reaper, page = both(spec, account, now)
    fleet = fleet_of(account)
    assert not reaper
    assert page.why_not == judge(spec, fleet.known[box.pk].facts, fleet.clock(now)).why == "its metadata says tier=prod"


def test_page_shows_the_place_that_the_reaper_counts() -> None:
    now, account = datetime.now(UTC), account_ahead(0)
    for minutes in (30, 20, 10):
        records.sandbox(of=account, started_at=now - timedelta(minutes=minutes), metadata={"job": "a"})
    records.sandbox(of=account, started_at=now - timedelta(minutes=5), metadata={"job": "b"})
    enabled({"duplicate_of": ["job"]})
    page = search(SandboxQuery(order="-started_at"), now=now).items
    shown = {row.started_at: verdicts.opinions(row, now)[0].rules[0].measured for row in page}
    assert [shown[at] for at in sorted(shown)] == ["3 of 3", "2 of 3", "1 of 3", "1 of 1"]


def test_page_shows_idleness_also_where_another_rule_spares() -> None:
    now, account = datetime.now(UTC).replace(microsecond=0), account_ahead(0)
    box = records.sandbox(of=account, started_at=now - timedelta(hours=1))
    for seconds in range(0, 125, 5):
        records.frame({box.pk: records.Reading(cpu=0.5)}, at=now - timedelta(seconds=seconds), of=account)
    when = {"older_than_seconds": 7200, "idle_for_seconds": 120, "idle_cpu_below_pct": 2}
    _, page = both(enabled(when), account, now)
    assert {rule.before: rule.holds for rule in page.rules[:2]} == {"Running for": False, "CPU at most": True}
    assert page.why_not == "running for 60 min; limit 2 h"


def test_lease_that_a_policy_asks_for_is_told_once() -> None:
    now, account = datetime.now(UTC), account_ahead(0)
    box = records.sandbox(of=account, started_at=now - timedelta(hours=1))
    lease = records.lease("run/1", minutes=5, members=[box.sandbox_id])
    LeaseSpan.objects.create(lease=lease, key=lease.key, sandbox=box, since=now, until=lease.expires_at)
    _, page = both(enabled({"no_lease_for_seconds": 60}), account, now)
    assert [rule.before for rule in page.rules if not rule.holds] == ["Leased as"]
