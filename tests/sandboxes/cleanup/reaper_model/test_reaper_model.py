"""The reaper against whatever may happen: never a wrong kill, never a second one, every orphan gone at last."""

from types import SimpleNamespace

import pytest
from django.db import transaction

from sandboxes.actions import claims, last_check, machine, verify
from sandboxes.actions.calls import Result
from sandboxes.actions.settling import apply, locked, store
from sandboxes.cleanup import leases, reaper
from sandboxes.e2b import SandboxInfo
from sandboxes.fleet import lease_coverage
from tests.sandboxes.cleanup.reaper_model import searching
from tests.sandboxes.cleanup.reaper_model.machine import SEAMS, Crash, Fleet, WrongDelete
from tests.support import search

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("world")]


def test_in_any_order():
    lives = searching.search(search.seconds(60), search.SEED)
    print(f"{lives} lives; a worker died at: {dict(Fleet.reached)}")
    assert lives > 1


@pytest.fixture
def fleet(world):
    """One life of the model that a test leads by hand; at its end every orphan has to go."""
    it = Fleet()
    yield it
    it.teardown()


@pytest.mark.parametrize("where", SEAMS)
def test_a_worker_dies_there_and_all_are_away_for_longer_than_a_lease(fleet, where):
    leased = fleet.grow_up(1)
    fleet.take(leased, "a", 400)
    fleet.a_worker_dies(where, 1, twice=True, away=900)
    assert Fleet.reached[where] == 1
    assert set(leased) <= fleet.alive()


def test_an_owner_restarts_one_between_the_list_and_the_act(fleet):
    fleet.an_owner_restarts_one_unseen(2, twice=True)
    assert fleet.alive()


@pytest.mark.parametrize("how", ["lease", "protect"])
def test_an_owner_comes_while_grace_runs(fleet, how):
    fleet.an_owner_comes_while_grace_runs(2, how, twice=True)
    assert fleet.alive()


# The model has to see what it is there to see: each of these is a stack with one of its safeguards taken out.


def no_lease_counts(monkeypatch):
    monkeypatch.setattr(lease_coverage, "holding", lambda _: {})
    monkeypatch.setattr(leases, "spare", lambda *_: [])


def protection_is_forgotten(monkeypatch):
    monkeypatch.setattr(claims, "is_protected", lambda *_: False)
    monkeypatch.setattr(reaper.facts, "protection_of", lambda *_: None)
    monkeypatch.setattr("sandboxes.actions.protection.close_all", lambda *_, **__: None)


def a_claim_that_ran_out_is_sent_again_without_a_look(monkeypatch):
    @transaction.atomic
    def again(looked_at, _):
        action = locked(looked_at.pk)
        if action.state == "sent":
            apply(action, Result("again", error="it ran out"))
            store([action])

    monkeypatch.setattr(verify, "conclude", again)


def nobody_looks_again(monkeypatch):
    async def by_the_list_alone(account, actions):
        return [(action, listed(action.sandbox)) for action in actions]

    monkeypatch.setattr(reaper.acting, "look_at", by_the_list_alone)


def listed(sandbox):
    """What the last list had shown of it."""
    return SandboxInfo(
        sandbox_id=sandbox.sandbox_id, state=sandbox.state, started_at=sandbox.started_at, end_at=sandbox.end_at,
        metadata=sandbox.metadata,
    )  # fmt: skip


def nothing_is_claimed(monkeypatch):
    """Whoever finds it queued sends it, and writes nothing before."""
    monkeypatch.setattr(claims, "machine", SimpleNamespace(**{**vars(machine), "store": lambda _: None}))
    monkeypatch.setattr(claims, "number_claims", lambda _: None)
    monkeypatch.setattr(last_check, "still_mine", lambda asked, _: {claim.action.pk for claim in asked})


def somebody_dies_and_e2b_answers_no_get(fleet):
    """Right after the DELETE, so that neither the list nor a look tells that it is done."""

    def crash_if(where):
        try:
            Fleet.crash_if(fleet, where)
        except Crash:
            fleet.e2b_fails(500, "GET", 500)  # a 503 would be tried again, after a pause in real time
            raise

    fleet.crash_if = crash_if
    fleet.a_worker_dies("after the DELETE", 1, twice=False, away=0)


def test_what_nobody_can_see_is_not_sent_again(fleet):
    somebody_dies_and_e2b_answers_no_get(fleet)
    assert Fleet.reached["after the DELETE"] == 1


@pytest.mark.parametrize(
    ("mutant", "life"),
    [
        (no_lease_counts, lambda fleet: fleet.an_owner_comes_while_grace_runs(1, "lease", twice=False)),
        (protection_is_forgotten, lambda fleet: fleet.an_owner_comes_while_grace_runs(1, "protect", twice=False)),
        (nobody_looks_again, lambda fleet: fleet.an_owner_restarts_one_unseen(1, twice=False)),
        (nothing_is_claimed, somebody_dies_and_e2b_answers_no_get),
        (a_claim_that_ran_out_is_sent_again_without_a_look, somebody_dies_and_e2b_answers_no_get),
    ],
)
def test_missing_safeguard_is_found_out(world, monkeypatch, mutant, life):
    mutant(monkeypatch)
    it = Fleet()
    try:
        with pytest.raises(WrongDelete):
            life(it)
    finally:
        world.simulator.faults.clear()
        it.end()
