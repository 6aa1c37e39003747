"""Accounts of one project: recognised by what they have alive, and polled, judged and counted once."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.utils import timezone

from sandboxes.cleanup import reaper
from sandboxes.core import accounts
from sandboxes.fleet import figures as fleet
from sandboxes.fleet import same_fleets
from sandboxes.metrics.polling import parts
from sandboxes.models import Account, AccountHealth, Action, Policy, Sandbox, Verdict
from tests.support import reaping, records

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def pair(now):
    """Two accounts that list the same four sandboxes; the second lists one more, born since."""
    made = [records.account(name) for name in ("prod", "prod-ci")]
    for account in made:
        AccountHealth.objects.create(account=account, last_sync_at=now)
        for n in range(4):
            records.sandbox(f"i{n}", of=account, template_id="base", started_at=now - timedelta(hours=1, minutes=n))
    records.sandbox("inew", of=made[1], template_id="base", started_at=now)
    return made


def boxes(account: Account) -> QuerySet[Sandbox]:
    return Sandbox.objects.filter(account=account)


def followed(account: Account) -> int | None:
    account.refresh_from_db()
    return account.same_fleet_as_id


def test_same_sandboxes_alive_make_one_fleet(pair, now):
    prod, ci = pair
    same_fleets.recognise(now)
    assert (followed(prod), followed(ci)) == (None, prod.pk)
    assert [one.name for one in accounts.fleets()] == ["prod"]


@pytest.mark.parametrize("differs", [{"template_id": "other"}, {"hours": 3}])
def test_ids_that_two_backends_both_use_make_no_fleet(pair, now, differs):
    prod, ci = pair
    for box in boxes(ci):
        moved = timedelta(hours=differs.get("hours", 0))
        box.template_id = differs.get("template_id", box.template_id)
        box.started_at, box.created_at = box.started_at + moved, box.created_at + moved
        box.save()
    same_fleets.recognise(now)
    assert (followed(prod), followed(ci)) == (None, None)


def test_account_that_can_no_longer_be_read_stands_for_nobody(pair, now):
    """Its key was revoked: the other account of the project takes its place, and gives it back."""
    prod, ci = pair
    same_fleets.recognise(now)
    later = now + timedelta(minutes=16)
    AccountHealth.objects.filter(account=ci).update(last_sync_at=later)
    same_fleets.recognise(later)
    assert (followed(prod), followed(ci)) == (ci.pk, None)
    AccountHealth.objects.filter(account=prod).update(last_sync_at=later)
    same_fleets.recognise(later)
    assert (followed(prod), followed(ci)) == (None, prod.pk)


def test_empty_fleet_stays_with_the_account_that_it_had(pair, now):
    prod, ci = pair
    same_fleets.recognise(now)
    boxes(ci).update(state="ended", ended_at=now)
    same_fleets.recognise(now)
    assert followed(ci) == prod.pk


@pytest.mark.parametrize("change", ["disabled", "other sandboxes"])
def test_account_stands_for_itself_again_once_they_differ(pair, now, change):
    prod, ci = pair
    same_fleets.recognise(now)
    if change == "disabled":
        Account.objects.filter(pk=prod.pk).update(enabled=False)
    else:
        boxes(ci).update(template_id="other")
    same_fleets.recognise(now)
    assert followed(ci) is None


def test_three_accounts_of_one_project_have_one_that_stands_for_them(pair, now):
    third = records.account("third")
    AccountHealth.objects.create(account=third, last_sync_at=now)
    for n in range(4):
        records.sandbox(f"i{n}", of=third, template_id="base", started_at=now - timedelta(hours=1, minutes=n))
    same_fleets.recognise(now)
    assert [followed(one) for one in [*pair, third]] == [None, pair[0].pk, pair[0].pk]


def test_one_cost_one_count_one_poll(pair, now):
    Sandbox.objects.update(burn_usd_per_hour=Decimal("0.1"))
    double = fleet.now(now)
    same_fleets.recognise(now)
    once = fleet.now(now)
    assert (double.running, once.running) == (9, 4)
    assert (double.burn_usd_per_hour, once.burn_usd_per_hour) == (Decimal("0.9"), Decimal("0.4"))
    assert [part.account_id for part in parts.due()] == [pair[0].pk]
    assert fleet.now(now, pair[1].pk).running == 5, "who asks for the account itself sees it"


def test_errors_of_rounds_that_another_account_takes_over_are_forgotten(pair, now):
    AccountHealth.objects.filter(account=pair[1]).update(
        poll_error="502", round_errors={"poll": {"error": "502", "at": "x", "since": "x"}}
    )
    same_fleets.recognise(now)
    health = AccountHealth.objects.get(account=pair[1])
    assert (health.poll_error, health.round_errors) == ("", {})


@pytest.mark.django_db(transaction=True)
async def test_one_reaper(pair, now, mailbox):
    """Before it is known, both accounts are judged; then the marks of the one that is counted elsewhere are void."""
    await sync_to_async(Account.objects.update)(actions="policies")
    await reaping.policy(name="all", grace_seconds=600, max_fleet_fraction=1.0)
    await reaping.policy(name="ci only", grace_seconds=600, match={"accounts": ["prod-ci"]})
    await reaper.run_all()
    assert await Verdict.objects.filter(until=None, sandbox__account=pair[1]).aexists()
    await sync_to_async(same_fleets.recognise)(now)
    await reaper.run_all()
    open_marks = Action.objects.filter(state="grace")
    assert {one async for one in open_marks.values_list("account__name", flat=True)} == {"prod"}
    assert not await Verdict.objects.filter(until=None, sandbox__account=pair[1]).aexists()
    why = (await Policy.objects.aget(name="ci only")).held_why
    assert "prod-ci: its sandboxes are those of prod too, and judged there" in why
