"""One request for many: nothing lost or asked twice, whenever a worker dies; more than a chunk is left to one."""

import uuid

import pytest

from sandboxes.actions import Actor, bulk, requests
from sandboxes.actions.bulk import carry_on, carry_on_all, request_bulk
from sandboxes.models import Action, BulkRequest, SandboxLock
from tests.support import records

pytestmark = pytest.mark.django_db
ANNA = Actor("user", "anna")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch, mailbox):
    monkeypatch.setattr(bulk, "CHUNK", 3)


def fleet(number):
    return [records.sandbox().pk for _ in range(number)]


def test_it_works(django_capture_on_commit_callbacks):
    keys = fleet(7)
    told = request_bulk(keys, "kill", ANNA, reason="night")
    assert (told.count, told.waiting, Action.objects.count()) == (7, True, 0)
    assert carry_on_all() == 2
    made = Action.objects.order_by("pk")
    assert [action.sandbox_id for action in made] == keys
    assert {(action.bulk_id, action.reason, action.state) for action in made} == {(told.bulk_id, "night", "queued")}
    assert SandboxLock.objects.exclude(pending_action=None).count() == 7
    assert carry_on_all() == 0


def test_a_wish_of_one_chunk_is_decided_before_the_answer():
    told = request_bulk(fleet(3), "pause", ANNA)
    assert (told.count, told.waiting, Action.objects.count()) == (3, False, 3)


@pytest.mark.parametrize("kind", ["protect", "unprotect"])
def test_protection_of_however_many_holds_when_it_is_answered(kind):
    told = request_bulk(fleet(7), kind, ANNA)
    assert (told.count, told.waiting) == (7, False)
    assert SandboxLock.objects.filter(protected=kind == "protect").count() == 7


def test_a_worker_that_dies_within_a_chunk_has_done_nothing_of_it(monkeypatch):
    told = request_bulk(fleet(7), "kill", ANNA)
    carry_on(BulkRequest.objects.get().pk)

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(requests, "write_actions", dies)
        with pytest.raises(KeyboardInterrupt):
            carry_on_all()
    assert (BulkRequest.objects.get().position, Action.objects.count()) == (3, 3)
    carry_on_all()
    assert Action.objects.filter(bulk_id=told.bulk_id).values("sandbox_id").distinct().count() == 7
    assert Action.objects.count() == 7


def test_the_same_bulk_again_is_the_same_wish():
    keys, number = fleet(4), uuid.uuid4()
    for _ in range(2):
        assert request_bulk(keys, "extend", ANNA, seconds=60, bulk_id=number).bulk_id == number
        carry_on_all()
    assert Action.objects.count() == 4


def test_who_is_in_no_state_for_it_is_told_before_and_after(mailbox):
    keys, paused = fleet(4), records.sandbox(state="paused").pk
    told = request_bulk([*keys, paused], "pause", ANNA)
    assert (told.count, list(told.refused)) == (4, [paused])
    carry_on_all()
    wanted = BulkRequest.objects.get()
    assert (wanted.taken, list(wanted.refused)) == (4, [str(paused)])
    assert wanted.finished_at is not None


def test_missing_seconds_leave_nothing_behind():
    with pytest.raises(ValueError, match="seconds"):
        request_bulk(fleet(4), "extend", ANNA)
    assert not BulkRequest.objects.exists()
