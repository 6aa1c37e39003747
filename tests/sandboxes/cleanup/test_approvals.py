"""What loosens a brake waits for a second person: ten minutes at most, once, and never by whoever asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sandboxes.actions import bulk
from sandboxes.actions.actor import Actor
from sandboxes.cleanup import approvals, freezing, held_back, policy_book
from sandboxes.cleanup.approvals import Asking, NotDecided
from sandboxes.models import Action, Approval, AuditEntry, BulkRequest, Freeze
from sandboxes.policies import parse
from tests.support import records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox")]
ADA, BOB = Asking("user", "ada", 1), 2
ENFORCE = {"name": "p", "enabled": True, "mode": "enforce", "action": "kill", "orphan_when": {"older_than_seconds": 60}}


def waits(held: Approval | None) -> Approval:
    """It does wait for somebody."""
    assert held is not None
    return held


@pytest.fixture(autouse=True)
def above_two(settings):
    settings.APPROVAL_ABOVE = 2


@pytest.fixture
def three():
    return [records.sandbox(f"i{n}").pk for n in range(3)]


def test_bulk_of_more_than_that_waits_and_then_goes(three):
    now = timezone.now()
    asked, held = held_back.request_bulk(ADA, three, "kill", now, reason="cleaning")
    assert (asked.count, asked.waiting, waits(held).summary) == (3, True, "kill 3 sandboxes: cleaning")
    bulk.carry_on_all()
    assert not Action.objects.exists()
    decided = approvals.decide(waits(held), "bob", BOB, now, yes=True)
    assert (decided.state, decided.decided_by) == ("approved", "bob")
    bulk.carry_on_all()
    assert set(Action.objects.values_list("actor_name", flat=True)) == {"ada"}
    assert Action.objects.count() == 3


def test_bulk_of_no_more_goes_at_once(three):
    asked, held = held_back.request_bulk(ADA, three[:2], "kill", timezone.now())
    assert (asked.count, held, Action.objects.count()) == (2, None, 2)


def test_same_call_again_waits_for_the_same(three):
    number = BulkRequest(bulk_id="5b7d3c0e-9f52-4f0a-8f0e-2b6c1a7d4e91").bulk_id
    first, second = (held_back.request_bulk(ADA, three, "kill", timezone.now(), bulk_id=number)[1] for _ in range(2))
    assert first == second
    assert Approval.objects.count() == 1


@pytest.mark.parametrize("how", ["rejected", "expired"])
def test_bulk_that_is_not_approved_is_never_done(three, how):
    now = timezone.now()
    _, held = held_back.request_bulk(ADA, three, "kill", now)
    if how == "rejected":
        approvals.decide(waits(held), "bob", BOB, now, yes=False)
    else:
        assert approvals.expire(now + timedelta(minutes=9)) == 0
        assert approvals.expire(now + timedelta(minutes=10)) == 1
    bulk.carry_on_all()
    row = BulkRequest.objects.get()
    assert (row.taken, row.refused[str(three[0])]) == (0, f"not approved: {how}")
    assert row.finished_at is not None
    assert not Action.objects.exists()
    with pytest.raises(NotDecided):
        approvals.decide(waits(held), "bob", BOB, now, yes=True)


def test_nobody_approves_what_they_asked_for_and_nothing_twice_or_too_late(three):
    now = timezone.now()
    _, held = held_back.request_bulk(ADA, three, "kill", now)
    with pytest.raises(NotDecided, match="asked for it"):
        approvals.decide(waits(held), "ada", 1, now, yes=True)
    with pytest.raises(NotDecided, match="expired"):
        approvals.decide(waits(held), "bob", BOB, now + timedelta(minutes=10), yes=True)
    approvals.decide(waits(held), "bob", BOB, now, yes=True)
    with pytest.raises(NotDecided, match="approved"):
        approvals.decide(waits(held), "bob", BOB, now, yes=True)


def test_policy_is_a_dry_run_until_it_is_approved():
    now = timezone.now()
    policy, held = held_back.write_policy(ADA, parse(ENFORCE), None, now)
    assert (policy.enabled, policy.mode) == (True, "dry_run")
    approvals.decide(waits(held), "bob", BOB, now, yes=True)
    policy.refresh_from_db()
    assert policy.mode == "enforce"
    changed = parse({**ENFORCE, "grace_seconds": 1})
    again, later = held_back.write_policy(ADA, changed, policy, now)
    assert (again.mode, waits(later).kind) == ("dry_run", "enforce")


def test_unchanged_policy_waits_for_nobody():
    policy = policy_book.write(parse(ENFORCE))
    same, held = held_back.write_policy(ADA, parse(ENFORCE), policy, timezone.now())
    assert (same.mode, same.version, held) == ("enforce", 1, None)


def test_policy_that_was_changed_meanwhile_is_not_enforced():
    now = timezone.now()
    policy, held = held_back.write_policy(ADA, parse(ENFORCE), None, now)
    policy_book.write(parse({**ENFORCE, "mode": "dry_run", "grace_seconds": 5}), policy)
    decided = approvals.decide(waits(held), "bob", BOB, now, yes=True)
    assert (decided.state, decided.outcome) == ("void", "the policy was changed meanwhile")
    policy.refresh_from_db()
    assert (policy.mode, policy.grace_seconds) == ("dry_run", 5)


def test_freeze_stays_until_lifting_it_is_approved():
    now = timezone.now()
    freezing.freeze("ada")
    held = held_back.lift_freeze(ADA, "ada", now)
    assert held_back.lift_freeze(ADA, "ada", now) == held
    assert freezing.current() is not None
    approvals.decide(waits(held), "bob", BOB, now, yes=True)
    assert Freeze.objects.get().lifted_by == "ada"


def test_raising_a_safety_limit_waits_and_lowering_it_does_not():
    now, account = timezone.now(), records.account(brake={"per_hour": 10, "per_day": 20})
    assert held_back.raise_brake(ADA, account, {"per_hour": 5, "per_day": 20}, now) is None
    held = held_back.raise_brake(ADA, account, {"per_hour": 11, "per_day": 20}, now)
    assert held is not None
    approvals.decide(waits(held), "bob", BOB, now, yes=True)
    account.refresh_from_db()
    assert account.brake == {"per_hour": 11, "per_day": 20}


def test_off_nothing_waits(settings, three):
    settings.APPROVAL_ABOVE = None
    assert held_back.request_bulk(ADA, three, "kill", timezone.now())[1] is None
    assert held_back.write_policy(ADA, parse(ENFORCE), None, timezone.now())[0].mode == "enforce"


def test_bulk_by_the_way_without_approval_is_not_held(three):
    assert bulk.request_bulk(three, "kill", Actor("user", "ada")).count == 3


def test_audit_names_both(three):
    from sandboxes.core import acting

    now = timezone.now()
    with acting.acting("user", "ada"):
        _, held = held_back.request_bulk(ADA, three, "kill", now)
    with acting.acting("user", "bob"):
        approvals.decide(waits(held), "bob", BOB, now, yes=True)
    found = AuditEntry.objects.filter(change__setting__subject="approval").order_by("id")
    told = [(one.change["setting"]["actor"]["name"], one.change["setting"]["after"]["state"]) for one in found]
    assert told == [("ada", "waiting"), ("bob", "approved")]
