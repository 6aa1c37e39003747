"""A request becomes an action by the state on our record; a kill joins; protection holds at once; a stop stops."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sandboxes.actions import Actor, NotInState, cancel, request, request_bulk
from sandboxes.models import Action, SandboxLock
from tests.support import records

pytestmark = pytest.mark.django_db
ANNA, ROBOT = Actor("user", "anna"), Actor("token", "robot")


def mark(sandbox, **fields):
    """A policy's mark in grace."""
    policy = records.policy(mode="enforce")
    plain: dict[str, Any] = {"policy": policy, "policy_version": 1, "actor_kind": "policy", "actor_name": policy.name}
    return records.action(sandbox, state="grace", act_at=timezone.now() + timedelta(minutes=5), **(plain | fields))


def guard_of(sandbox):
    return SandboxLock.objects.get(pk=sandbox.lock_id)


def test_it_works(mailbox):
    sandbox = records.sandbox()
    action = request(sandbox, "kill", ANNA, reason="stuck")
    kept = Action.objects.get()
    assert (kept.pk, kept.kind, kept.state, kept.actor_kind) == (action.pk, "kill", "queued", "user")
    assert guard_of(sandbox).pending_action_id == action.pk


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("kill", "ended"), ("pause", "paused"), ("pause", "ended"), ("resume", "running"), ("resume", "ended"),
        ("timeout", "paused"), ("extend", "ended"), ("protect", "ended"), ("notify", "running"),
    ],
)  # fmt: skip
def test_the_state_on_record_decides(kind, state, mailbox):
    sandbox = records.sandbox(state=state)
    with pytest.raises(NotInState):
        request(sandbox, kind, ANNA, seconds=60)
    assert not Action.objects.exists()


@pytest.mark.parametrize("seconds", [None, 0, -1, 10**9])
def test_a_timeout_needs_seconds_that_make_sense(seconds, mailbox):
    with pytest.raises(ValueError, match="seconds"):
        request(records.sandbox(), "timeout", ANNA, seconds=seconds)


def test_a_second_kill_joins_the_first(mailbox):
    sandbox = records.sandbox()
    first = request(sandbox, "kill", ANNA)
    second = request(sandbox, "kill", ROBOT, reason="me too")
    assert second.pk == first.pk
    assert Action.objects.count() == 1
    assert Action.objects.get().joined[0]["name"] == "robot"


def test_a_persons_kill_ends_the_grace_of_a_mark_and_makes_it_theirs(mailbox):
    sandbox = records.sandbox()
    marked = mark(sandbox)
    assert request(sandbox, "kill", ANNA).pk == marked.pk
    kept = Action.objects.get()
    assert (kept.state, kept.actor_kind) == ("queued", "policy")
    assert guard_of(sandbox).pending_action_id == marked.pk


def test_a_persons_kill_voids_a_waiting_pause(mailbox):
    sandbox = records.sandbox()
    pause = request(sandbox, "pause", ANNA)
    kill = request(sandbox, "kill", ANNA)
    assert Action.objects.get(pk=pause.pk).state == "cancelled"
    assert guard_of(sandbox).pending_action_id == kill.pk


def test_what_is_condemned_is_neither_protected_nor_extended(mailbox):
    sandbox = records.sandbox()
    request(sandbox, "kill", ANNA)
    for kind in ("protect", "extend", "timeout", "pause"):
        with pytest.raises(NotInState, match="on its way"):
            request(sandbox, kind, ROBOT, seconds=60)


def test_protection_holds_at_once_and_voids_marks(mailbox):
    sandbox, until = records.sandbox(), timezone.now() + timedelta(hours=1)
    marked = mark(sandbox)
    action = request(sandbox, "protect", ANNA, until=until, reason="a demo")
    lock = guard_of(sandbox)
    assert (lock.protected, lock.protected_until, lock.protected_by) == (True, until, "anna")
    assert action.state == "confirmed"
    marked.refresh_from_db()
    assert (marked.state, marked.outcome) == ("cancelled", "spared: protected")
    request(sandbox, "unprotect", ANNA)
    assert not guard_of(sandbox).protected


def test_a_stopped_mark_spares_the_sandbox_for_a_day(mailbox):
    sandbox = records.sandbox()
    stopped = cancel(mark(sandbox), ANNA)
    assert (stopped.state, stopped.outcome) == ("cancelled", "cancelled by anna")
    assert stopped.spare_until is not None
    assert stopped.spare_until - timezone.now() == pytest.approx(timedelta(hours=24), abs=timedelta(minutes=1))


def test_a_stopped_kill_lifts_the_sentence(mailbox):
    sandbox = records.sandbox()
    cancel(request(sandbox, "kill", ANNA), ANNA)
    assert guard_of(sandbox).pending_action_id is None


@pytest.mark.parametrize("state", ["sent", "done", "confirmed", "failed", "cancelled"])
def test_what_was_sent_or_has_ended_can_not_be_stopped(state, mailbox):
    action = records.action(records.sandbox(), state=state)
    with pytest.raises(NotInState, match=state):
        cancel(action, ANNA)


def test_a_wish_for_many_tells_who_was_not_in_the_state(mailbox):
    running, paused = [records.sandbox() for _ in range(3)], records.sandbox(state="paused")
    bulk = request_bulk([one.pk for one in [*running, paused]], "pause", ANNA, reason="night")
    assert set(Action.objects.values_list("sandbox_id", flat=True)) == {one.pk for one in running}
    assert bulk.count == len(running)
    assert list(bulk.refused) == [paused.pk]
    assert set(Action.objects.values_list("bulk_id", flat=True)) == {bulk.bulk_id}


def test_one_sandbox_seen_by_two_accounts_is_killed_by_one_action(mailbox):
    first, second = records.account("one"), records.account("two")
    seen = [records.sandbox("isame", of=account) for account in (first, second)]
    assert request(seen[0], "kill", ANNA).pk == request(seen[1], "kill", ROBOT).pk


@pytest.mark.parametrize("kind", ["kill", "pause", "protect"])
def test_one_wish_for_a_sandbox_and_its_twin_is_one_action(kind, mailbox):
    seen = [records.sandbox("isame", of=records.account(name)) for name in ("one", "two")]
    bulk = request_bulk([one.pk for one in seen], kind, ANNA)
    assert bulk.count == Action.objects.count() == 1
