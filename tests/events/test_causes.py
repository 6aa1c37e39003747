"""The simulator's deaths by memory are found and explained; others are looked at once and left alone."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from events.causes import look
from events.reconcile import reconcile
from events.writing import Arrival
from sandboxes.models import Action, Sandbox
from simulator import Fault, patterns
from tests.events.factories import real, seen
from tests.events.test_observe import impatient

pytestmark = pytest.mark.usefixtures("mailbox")


def dies(e2b, *, pattern="leaking", reason="unknown", by_memory=True):
    """A sandbox that ran for 300 s and was killed; its ID."""
    curve = patterns.drawn(Random(5), pattern, 300)
    one = e2b.simulator.create("base", timeout=3600, curve=curve)
    e2b.simulator.advance(300)
    with e2b.simulator.lock:
        one.killed_by_oom = by_memory
        e2b.simulator.lifecycle.kill(e2b.simulator.now(), one, reason)
    e2b.simulator.advance(20)
    return one.id


def now(e2b):
    return datetime.fromtimestamp(e2b.simulator.now(), UTC)


async def look_again(account, e2b):
    await reconcile(account)
    return await look(account, now(e2b))


def why_of(held):
    assert held.probable_cause is not None
    return held.probable_cause


async def test_it_works(watched, e2b):
    name = dies(e2b)
    assert await look_again(watched, e2b) == 1
    held = await Sandbox.objects.aget(sandbox_id=name)
    assert held.end_reason == "unknown"
    assert why_of(held)["cause"] == "out_of_memory"
    assert "to 99.5% of" in why_of(held)["evidence"]
    assert "Out of memory: Killed process" in why_of(held)["evidence"]
    assert await look(watched, now(e2b)) == 0


async def test_a_death_that_nothing_explains_is_looked_at_once(watched, e2b):
    name = dies(e2b, pattern="idle", by_memory=False)
    assert await look_again(watched, e2b) == 0
    held = await Sandbox.objects.aget(sandbox_id=name)
    assert (held.probable_cause, held.cause_looked_at) == (None, now(e2b))
    e2b.simulator.faults.add(Fault(status=500))  # nobody is asked any more
    assert await look(watched, now(e2b) + timedelta(seconds=15)) == 0


async def test_the_memory_of_an_earlier_run_is_another_story(watched, e2b):
    one = e2b.simulator.create("base", timeout=3600, curve=patterns.drawn(Random(5), "leaking", 300))
    e2b.simulator.advance(280)
    with e2b.simulator.lock:
        e2b.simulator.lifecycle.pause(e2b.simulator.now(), one)
    e2b.simulator.advance(60)
    with e2b.simulator.lock:
        e2b.simulator.lifecycle.resume(e2b.simulator.now(), one, 3600)
    e2b.simulator.advance(40)
    with e2b.simulator.lock:
        e2b.simulator.lifecycle.kill(e2b.simulator.now(), one, "unknown")
    e2b.simulator.advance(20)
    assert await look_again(watched, e2b) == 1
    evidence = why_of(await Sandbox.objects.aget())["evidence"]
    assert evidence.startswith("memory stood at 99.5%")  # it rose in the run before


async def test_what_e2b_told_is_not_asked_for(watched, e2b):
    name = dies(e2b, reason="request")
    assert await look_again(watched, e2b) == 0
    assert (await Sandbox.objects.aget(sandbox_id=name)).cause_looked_at is None


async def test_without_logs_the_samples_tell(watched, e2b):
    watched.capabilities = {"logs": False}
    name = dies(e2b)
    await look_again(watched, e2b)
    held = await Sandbox.objects.aget(sandbox_id=name)
    assert "to 99.5% of" in why_of(held)["evidence"]
    assert "log" not in why_of(held)["evidence"]


async def test_an_outage_is_waited_out_but_not_for_ever(watched, e2b, monkeypatch):
    name = dies(e2b)
    await reconcile(watched)
    monkeypatch.setattr("sandboxes.core.accounts.client_for", impatient)
    e2b.simulator.faults.add(Fault(status=500))
    assert await look(watched, now(e2b)) == 0
    assert (await Sandbox.objects.aget(sandbox_id=name)).cause_looked_at is None
    await look(watched, now(e2b) + timedelta(minutes=11))
    assert (await Sandbox.objects.aget(sandbox_id=name)).cause_looked_at


async def test_our_own_kill_needs_no_guess(watched, e2b):
    name = dies(e2b)
    await reconcile(watched)
    held = await Sandbox.objects.aget(sandbox_id=name)
    await Action.objects.acreate(
        sandbox=held, account=watched, kind="kill", state="done", actor_kind="user", actor_name="ada",
        requested_at=now(e2b),
    )  # fmt: skip
    assert await look(watched, now(e2b)) == 0


async def test_another_end_told_later_takes_the_guess_back(watched):
    from events import inbox

    when = datetime.now(UTC)
    await inbox.store(
        [Arrival(watched.pk, "observed", when, one) for one in (seen("created", 0, 0), seen("killed", 60, 0))]
    )
    await Sandbox.objects.aupdate(probable_cause={"cause": "out_of_memory"}, cause_looked_at=when)
    await inbox.store([Arrival(watched.pk, "reconcile", when, real("updated", 30))])
    held = await Sandbox.objects.aget()
    assert (held.end_reason, held.probable_cause) == ("vanished", {"cause": "out_of_memory"})
    await inbox.store([Arrival(watched.pk, "reconcile", when, real("killed", 50, kill_reason="timeout"))])
    held = await Sandbox.objects.aget()
    assert (held.end_reason, held.probable_cause, held.cause_looked_at) == ("timeout", None, None)
