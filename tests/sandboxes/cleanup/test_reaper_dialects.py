"""Nothing is killed that should live, also where a backend's facts mean something else than E2B's."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from events import own_acts
from events.observe import sync
from events.reconcile import reconcile
from sandboxes.actions import Actor, request
from sandboxes.actions.sending import send_due
from sandboxes.fleet.search import find
from sandboxes.models import AccountHealth, Action, Sandbox, SandboxLock
from tests.support.reaping import act, only, policy, states
from tests.support.scripted import scripted

ANNA = Actor("user", "anna")
PAUSED = {"states": ["paused"]}


@pytest.fixture
def odd(backend):
    """A backend with a dialect of its own, in the place of the simulated one."""
    with scripted() as running:
        watched = backend.account
        watched.url, watched.api_key = running.url, ""
        watched.save()  # which forgets what the simulated one can do
        watched.capabilities = {"at": now().isoformat()}
        watched.save()
        running.watched = watched
        yield running


def now():
    return datetime.now(UTC)


async def box(name):
    return await Sandbox.objects.select_related("lock", "account").aget(sandbox_id=name)


async def look_again():
    await Action.objects.exclude(next_attempt_at=None).aupdate(next_attempt_at=now() - timedelta(seconds=1))
    await send_due()


def deletes(odd):
    return [path for method, path in odd.calls if method == "DELETE"]


async def quarantined(odd, *, confirmed=True):
    """A sandbox that a policy of ours has paused."""
    entry = odd.put("i1", age=300, end=None)
    await sync(odd.watched)
    await policy(quarantine_seconds=0)
    await act()
    assert entry["state"] == "paused"
    await own_acts.take_in()
    if confirmed:
        await look_again()
        assert await states() == ["confirmed"]
    return entry


def never_woken():
    """As if no round had noticed that what we paused runs again: a state that only the database's owner can make."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE sandboxes_action SET state = 'confirmed', outcome = 'paused' WHERE state = 'failed'")


async def test_owner_who_resumed_and_paused_again_ends_the_quarantine(odd):
    entry = await quarantined(odd)
    for word in ("running", "paused"):
        entry["state"] = word  # `startedAt` never moves, and `endAt` of a paused one is recomputed at each read
        await sync(odd.watched)
    await sync_to_async(never_woken)()
    await act()
    await act()

    assert deletes(odd) == []
    assert entry["sandboxID"] in odd.sandboxes


async def test_quarantine_without_a_sign_of_life_is_killed(odd):
    await quarantined(odd)
    await sync(odd.watched)
    await act()
    await act()

    assert deletes(odd) == ["/sandboxes/i1"]


@pytest.mark.parametrize(("before_it", "deleted"), [(0, []), (600, ["/sandboxes/i1"])])
async def test_timeout_that_was_set_after_our_pause_ends_the_quarantine(odd, before_it, deleted):
    await quarantined(odd)
    moved = {"set_timeout": (now() + timedelta(hours=1)).isoformat()}
    odd.tell("updated", "i1", before=before_it, **moved)  # stamped after our pause, or before it
    await reconcile(odd.watched)
    await act()
    await act()

    assert deletes(odd) == deleted


async def test_resume_through_us_ends_the_quarantine(odd):
    entry = await quarantined(odd)
    await sync_to_async(request)(await box("i1"), "resume", ANNA)
    await send_due()
    entry["state"] = "paused"  # again, before any list saw it run
    await act()
    await act()

    assert deletes(odd) == []


async def test_one_just_woken_is_not_hit_for_the_age_of_its_creation(odd):
    entry = odd.put("i1", age=7200, end=None)
    await sync(odd.watched)
    for word in ("paused", "running"):
        entry["state"] = word
        await sync(odd.watched)
    await policy(orphan_when={"older_than_seconds": 3600})
    await act()
    await act()

    assert (await states(), deletes(odd)) == ([], [])


async def test_one_just_woken_is_the_newest_of_its_duplicates(odd):
    for name, age in (("old", 7200), ("young", 3600)):
        odd.put(name, age=age, end=None, metadata={"user": "u1"})
    await sync(odd.watched)
    for word in ("paused", "running"):
        odd.sandboxes["old"]["state"] = word
        await sync(odd.watched)
    await policy(orphan_when={"duplicate_of": ["user"]})
    await act()

    assert deletes(odd) == ["/sandboxes/young"]


async def test_end_of_1970_is_not_past_its_end(odd):
    odd.put("never", endAt="1970-01-01T00:00:00Z")
    odd.put("overdue", age=7200, end=-1200)
    await sync(odd.watched)
    await policy(orphan_when={"past_end_seconds": 600})
    await act()

    assert deletes(odd) == ["/sandboxes/overdue"]


@pytest.mark.parametrize(
    "rule", [{"older_than_seconds": 7200}, {"no_lease_for_seconds": 60}, {"paused_for_seconds": 60}]
)
async def test_id_that_is_used_again_is_as_old_as_its_new_life(odd, rule):
    odd.put("ns--job", age=9000)
    await sync(odd.watched)
    await Sandbox.objects.aupdate(first_seen_at=now() - timedelta(seconds=9000))
    del odd.sandboxes["ns--job"]
    await sync(odd.watched)
    odd.put("ns--job", age=5, state="paused")
    await sync(odd.watched)
    await policy(orphan_when=rule, match=PAUSED)
    await act()

    assert (await states(), deletes(odd)) == ([], [])


async def test_new_life_under_a_killed_id_is_no_alarm_and_can_be_leased(odd):
    odd.put("ns--job")
    await sync(odd.watched)
    killed = await sync_to_async(request)(await box("ns--job"), "kill", ANNA)
    await send_due()
    await own_acts.take_in()
    await sync(odd.watched)
    await look_again()
    assert (await only(pk=killed.pk)).state == "confirmed"
    odd.put("ns--job", age=-1)
    await sync(odd.watched)
    await sync(odd.watched)
    await send_due()

    assert (await only(pk=killed.pk)).state == "confirmed"
    assert (await SandboxLock.objects.aget()).pending_action_id is None


async def test_one_in_an_unknown_state_is_not_acted_on(odd):
    entry = odd.put("i1", age=7200)
    await sync(odd.watched)
    await policy(orphan_when={"older_than_seconds": 60})
    odd.info["i1"] = entry | {"state": "snapshotting"}
    await act()

    assert ((await only()).outcome, deletes(odd)) == ("spared on the final check: match.states", [])


async def test_mark_of_one_that_get_calls_dead_is_void(odd):
    entry = odd.put("i1", age=7200)
    await sync(odd.watched)
    await policy(grace_seconds=0)
    odd.info["i1"] = entry | {"state": "dead"}
    await act()

    assert (await only()).outcome == "void: already gone"
    assert deletes(odd) == []


async def test_own_kill_is_on_record_at_its_answer_and_confirmed_by_the_list(odd):
    odd.put("i1")
    await sync(odd.watched)
    killed = await sync_to_async(request)(await box("i1"), "kill", ANNA)
    await send_due()
    await own_acts.take_in()
    gone = await sync_to_async(find)("i1")

    assert gone is not None
    assert gone.ended_by is not None
    assert (gone.state, gone.end_reason, gone.ended_by.action_id) == ("ended", "request", killed.pk)
    assert (await only()).state == "done", "an answer is not the end"
    await look_again()
    assert (await only()).state == "done", "nor is a 404 before a complete list"
    await sync(odd.watched)
    await look_again()
    assert (await only()).state == "confirmed"
    gone = await sync_to_async(find)("i1")
    assert gone is not None
    assert gone.end_reason == "request"


@pytest.mark.parametrize("is_taken_in", [True, False], ids=["known at its answer", "known by the list alone"])
async def test_kill_after_a_false_death_is_sent_and_confirmed(odd, is_taken_in):
    """One list left it out and a GET said 404; it came back. It is not "already gone" for whoever kills it then."""
    entry = odd.put("i1", end=None)
    await sync(odd.watched)
    del odd.sandboxes["i1"]
    await sync(odd.watched)
    assert (await box("i1")).state == "ended"
    odd.sandboxes["i1"] = entry
    await sync(odd.watched)
    assert (await box("i1")).state == "running"
    await sync_to_async(request)(await box("i1"), "kill", ANNA)
    await send_due()
    if is_taken_in:
        await own_acts.take_in()
    assert deletes(odd) == ["/sandboxes/i1"]
    await sync(odd.watched)
    await look_again()
    done, gone = await only(), await sync_to_async(find)("i1")
    assert (done.state, done.outcome) == ("confirmed", "killed")
    assert gone is not None
    assert gone.ended_by is not None
    assert (gone.state, gone.ended_by.action_id) == ("ended", done.pk)
    assert gone.end_reason == "request" or not is_taken_in


async def test_kill_that_was_answered_and_not_done_is_seen(odd):
    odd.put("i1")
    odd.kills = False
    await sync(odd.watched)
    await sync_to_async(request)(await box("i1"), "kill", ANNA)
    await send_due()
    await own_acts.take_in()
    assert (await box("i1")).state == "ended"
    await sync(odd.watched)
    assert (await box("i1")).state == "running"
    await own_acts.take_in()
    assert (await box("i1")).state == "running", "the answer is not said again"
    for _ in range(6):
        await look_again()

    assert ((await only()).state, (await only()).outcome) == ("failed", "not_confirmed")


async def test_own_pause_is_on_record_at_its_answer(odd):
    odd.put("i1")
    await sync(odd.watched)
    await sync_to_async(request)(await box("i1"), "pause", ANNA)
    await send_due()
    await own_acts.take_in()
    paused = await box("i1")

    assert (paused.state, paused.burn_usd_per_hour) == ("paused", 0)
    assert paused.paused_at is not None
    await sync_to_async(request)(paused, "resume", ANNA)  # not refused as running


async def test_metadata_that_get_leaves_out_still_keeps_a_sandbox(odd):
    entry = odd.put("i1", age=7200, metadata={"keep": "true"})
    await sync(odd.watched)
    await policy()
    odd.info["i1"] = {name: value for name, value in entry.items() if name != "metadata"}
    await act()

    assert deletes(odd) == []
    assert await AccountHealth.objects.aexists()
