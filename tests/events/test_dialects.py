"""State from any backend's facts: each is a thing that a real one did (shared cases, issues of their users)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from events.inbox import store
from events.models import LifecycleEvent
from events.observe import sync
from events.wire import read_event
from events.writing import Arrival
from sandboxes.models import AccountHealth, Sandbox
from tests.events.factories import real
from tests.support.scripted import ago, iso

pytestmark = pytest.mark.usefixtures("mailbox")


async def box(name):
    return await Sandbox.objects.aget(sandbox_id=name)


async def state(name):
    return (await box(name)).state


async def health():
    return await AccountHealth.objects.aget()


async def test_entry_with_an_unknown_start_is_on_record_and_hides_no_death(account, backend):
    backend.put("ok")
    backend.put("goes")
    await sync(account)
    backend.put("odd", startedAt="<unknown>")
    del backend.sandboxes["goes"]
    await sync(account)

    assert (await state("odd"), await state("ok"), await state("goes")) == ("running", "running", "ended")
    assert (await health()).list_doubts == [{"what": "startedAt", "count": 1, "example": "odd"}]
    await sync(account)
    assert await LifecycleEvent.objects.filter(sandbox_id="odd").acount() == 1


async def test_id_as_long_as_kubernetes_makes_them_is_on_record(account, backend):
    name = "a" * 63 + "--" + "b" * 253
    backend.put(name)
    backend.put("goes")
    await sync(account)
    del backend.sandboxes["goes"]
    await sync(account)

    assert (await state(name), await state("goes")) == ("running", "ended")


async def test_id_that_cannot_be_read_hides_no_death_and_is_named(account, backend):
    backend.put("goes")
    await sync(account)
    backend.put("x" * 400)
    del backend.sandboxes["goes"]
    await sync(account)

    assert await state("goes") == "ended"
    assert (await health()).list_doubts == [{"what": "entry", "count": 1, "example": "x" * 80}]


async def test_second_death_is_seen_after_a_false_one(account, backend):
    entry = backend.put("flap", end=None)
    await sync(account)
    seen = [await state("flap")]
    for _ in range(2):
        del backend.sandboxes["flap"]
        await sync(account)
        seen.append(await state("flap"))
        backend.sandboxes["flap"] = entry
        await sync(account)
        seen.append(await state("flap"))
    del backend.sandboxes["flap"]
    await sync(account)

    assert [*seen, await state("flap")] == ["running", "ended", "running", "ended", "running", "ended"]


async def test_every_pause_is_seen_where_the_start_never_moves(account, backend):
    entry = backend.put("p2", end=None)
    await sync(account)
    seen = []
    for word in ("paused", "running", "paused", "running", "paused"):
        entry["state"] = word
        await sync(account)
        seen.append(await state("p2"))

    assert seen == ["paused", "running", "paused", "running", "paused"]


async def test_run_that_we_saw_begin_begins_then_whatever_the_backend_says(account, backend):
    entry = backend.put("p2", age=300, end=None)
    await sync(account)
    entry["state"] = "paused"
    await sync(account)
    before = datetime.now(UTC) - timedelta(seconds=2)
    entry["state"] = "running"
    await sync(account)
    resumed = await box("p2")
    await sync(account)

    assert resumed.started_at > before  # the backend says 300 s ago
    assert resumed.created_at < before - timedelta(seconds=200)
    runs = [run async for run in resumed.executions.order_by("started_at")]
    assert [run.ended_by for run in runs] == ["paused", ""]
    assert runs[0].ended_at <= runs[1].started_at
    assert (await box("p2")).started_at == resumed.started_at, "the next list does not move it back"


async def test_what_contradicts_the_record_for_ever_is_no_event_at_each_sync(account, backend):
    """A real run that began two minutes after the start that the list shows."""
    entry = backend.put("i1", age=300, end=None)
    del entry["metadata"]
    event = read_event(backend.tell("created", "i1", before=100))
    await store([Arrival(account.pk, "webhook", datetime.now(UTC), event)])
    for _ in range(4):
        await sync(account)

    assert await LifecycleEvent.objects.filter(source="observed").acount() <= 1


@pytest.mark.parametrize("word", ["dead", "killed", "Terminated"])
async def test_get_that_shows_a_dead_one_ends_it(account, backend, word):
    entry = backend.put("i1")
    await sync(account)
    del backend.sandboxes["i1"]
    backend.info["i1"] = entry | {"state": word}
    await sync(account)

    assert (await state("i1"), (await box("i1")).end_reason) == ("ended", "vanished")


async def test_list_that_calls_one_dead_ends_it(account, backend):
    entry = backend.put("i1")
    await sync(account)
    entry["state"] = "dead"
    await sync(account)

    assert await state("i1") == "ended"


async def test_state_word_that_we_do_not_know_is_shown_and_no_ghost_that_runs(account, backend):
    backend.put("cap", state="Running")
    backend.put("odd", state="error")
    entry = backend.put("later")
    await sync(account)
    entry["state"] = "pausing"
    await sync(account)
    later = await box("later")

    assert (await state("cap"), await state("odd"), later.state, later.backend_state) == (
        "running", "unknown", "unknown", "pausing",
    )  # fmt: skip
    assert later.burn_usd_per_hour == 0
    assert (await box("odd")).closed_cost_usd == 0, "nobody ever saw it run"
    entry["state"] = "running"
    await sync(account)
    assert ((await box("later")).state, (await box("later")).backend_state) == ("running", "")
    assert await later.executions.acount() == 1


async def test_end_that_means_never_is_no_end(account, backend):
    backend.put("zero", endAt="1970-01-01T00:00:00Z")
    year = backend.put("year", endAt=ago(-365 * 86_400))
    backend.put("past", age=60, endAt=ago(3600))
    await sync(account)
    for _ in range(3):
        year["endAt"] = ago(-365 * 86_400)
        await sync(account)

    assert {one.sandbox_id: one.end_at async for one in Sandbox.objects.all()} == dict.fromkeys(
        ("zero", "year", "past")
    )
    assert await LifecycleEvent.objects.acount() == 3


async def test_end_that_became_never_is_taken_back(account, backend):
    entry = backend.put("i1", end=600)
    await sync(account)
    assert (await box("i1")).end_at
    entry["endAt"] = "1970-01-01T00:00:00Z"
    await sync(account)

    assert (await box("i1")).end_at is None


async def test_end_far_ahead_that_an_event_set_stays(account, backend):
    far = datetime.now(UTC) + timedelta(days=200)
    backend.put("i1", endAt=iso(far))
    event = read_event(backend.tell("updated", "i1", before=1, set_timeout=iso(far)))
    await store([Arrival(account.pk, "webhook", datetime.now(UTC), event)])
    await sync(account)

    assert (await box("i1")).end_at == far


async def test_paused_one_says_when_the_backend_deletes_it(account, backend):
    entry = backend.put("i1", state="paused", endAt=ago(-7 * 86_400))
    await sync(account)
    paused = await box("i1")

    assert iso(paused.deletes_at) == entry["endAt"]
    assert paused.end_at is None


async def test_id_that_is_used_again_is_a_new_sandbox(account, backend):
    backend.put("ns--job", age=9000)
    await sync(account)
    del backend.sandboxes["ns--job"]
    await sync(account)
    entry = backend.put("ns--job", age=5)
    began = datetime.now(UTC) - timedelta(seconds=30)
    await sync(account)
    entry["state"] = "paused"
    await sync(account)
    again = await box("ns--job")

    assert (again.state, await Sandbox.objects.acount()) == ("paused", 1)
    assert again.created_at > began
    assert again.returned_at > began


async def test_return_is_dated_by_its_arrival_not_by_the_database_s_clock(account):
    """Every time of ours is the server's: the database may stand on another machine, and tests drive ours alone."""
    heard_at = datetime(2026, 11, 1, 13, tzinfo=UTC)
    lives = [real("created", 0, "x1"), real("killed", 60, "x1"), real("created", 600, "x2")]
    for number, event in enumerate(lives):
        await store([Arrival(account.pk, "webhook", heard_at + timedelta(seconds=number), event)])

    assert (await box("i1")).returned_at == heard_at + timedelta(seconds=2)


async def test_paused_time_is_not_billed_where_the_start_never_moves(account, backend):
    """Dormice: 100 s of running, 35.3 s paused, 89.5 s of running: 189.5 s are billed, not 224.8."""
    began = datetime.now(UTC).replace(microsecond=0)
    with time_machine.travel(began, tick=False) as moves:
        entry = backend.put("p2", age=0, end=None, cpuCount=1, memoryMB=1024)
        await sync(account)
        for seconds, word in ((100, "paused"), (35.3, "running"), (89.5, "gone")):
            moves.shift(timedelta(seconds=seconds))
            if word == "gone":
                del backend.sandboxes["p2"]
            entry["state"] = word
            await sync(account)
        ended = await box("p2")
    runs = [run async for run in ended.executions.order_by("started_at")]
    billed = sum((run.ended_at - run.started_at).total_seconds() for run in runs)
    rate = Decimal("0.000014") + Decimal("0.0000045")
    assert (ended.state, round(billed, 1)) == ("ended", 189.5)
    assert abs(ended.closed_cost_usd - rate * Decimal("189.5")) < Decimal("0.00001")


async def test_half_a_core_costs_half_a_core(account, backend):
    backend.put("half", cpuCount=0.5, memoryMB=256)
    await sync(account)
    half = await box("half")

    assert half.cpu_count == Decimal("0.5")
    assert half.burn_usd_per_hour == Decimal("0.029250")
    assert await sync(account) == 0


async def test_absurd_size_is_not_taken_in_and_is_named(account, backend):
    backend.put("bytes", memoryMB=512 * 1024 * 1024)
    await sync(account)

    assert (await box("bytes")).memory_mb is None
    assert (await health()).list_doubts == [{"what": "memoryMB", "count": 1, "example": "bytes: 5.36871e+08"}]


async def test_event_from_tomorrow_does_not_rule_the_state(account, backend):
    for name in ("lives", "goes"):
        backend.put(name)
    await sync(account)
    ahead = [
        backend.tell("killed", "lives", before=-10_800, kill_reason="timeout"),
        backend.tell("paused", "goes", before=-10_800),
    ]
    await store([Arrival(account.pk, "webhook", datetime.now(UTC), read_event(one)) for one in ahead])
    del backend.sandboxes["goes"]
    await sync(account)

    assert (await state("lives"), await state("goes")) == ("running", "ended")
    kept = await LifecycleEvent.objects.aget(sandbox_id="lives", source="webhook")
    assert iso(kept.timestamp) == ahead[0]["timestamp"], "kept as it was sent"
    assert kept.folded_at is not None
    assert kept.folded_at < datetime.now(UTC)


async def test_list_that_knows_only_its_first_page_is_not_complete(account, backend):
    backend.tokens = "none"
    for n in range(250):
        backend.put(f"tot{n:03d}")
    await sync(account)

    assert (await health()).last_sync_at is None
    assert "counts 250 running sandboxes and lists 100" in (await health()).sync_error


async def test_list_without_those_that_get_shows_is_said_to_be_short(account, backend):
    for n in range(4):
        backend.put(f"i{n}", state="paused")
    await sync(account)
    backend.info = dict(backend.sandboxes)
    backend.sandboxes.clear()
    await sync(account)

    assert {one.state async for one in Sandbox.objects.all()} == {"paused"}
    (doubt,) = (await health()).list_doubts
    assert (doubt["what"], doubt["count"]) == ("not listed", 4)


async def test_list_without_an_end_costs_a_few_calls(account, backend):
    backend.put("i1")
    backend.tokens = "endless"
    await sync(account)

    assert backend.asked("GET", "/v2/sandboxes") <= 12
    assert "has no end" in (await health()).sync_error


async def test_list_without_an_end_is_asked_rarely(account, backend):
    backend.put("i1")
    backend.tokens = "endless"
    await sync(account)
    asked = len(backend.calls)
    for _ in range(5):
        await sync(account)

    assert len(backend.calls) == asked
    assert "has no end" in (await health()).sync_error


async def test_probe_that_learned_nothing_is_made_again_soon(account, backend):
    backend.answers[""] = (401, {"code": 401, "message": "unknown key"}, {})
    await sync(account)
    await account.arefresh_from_db()
    asked_at = datetime.fromisoformat(account.capabilities["at"])

    assert datetime.now(UTC) - asked_at > timedelta(minutes=58)
