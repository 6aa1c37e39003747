"""What reaches open pages: the fleet in memory, and what a browser is sent of it."""

import base64
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.live.browser import Browser
from dashboard.live.fleet import LiveFleet, frame_of
from dashboard.live.hub import Hub
from dashboard.live.messages import ENDED_HEADS_HELD, Messages
from dashboard.live.sequence import Sequence
from sandboxes.cleanup import freezing
from tests.support import records
from tests.support.live_fleet import NOW, fleet_of, frame, row, told


def test_a_sample_is_read_from_the_newest_frame() -> None:
    fleet = fleet_of(3, 5, 9)
    fleet.apply_frame(1, 0, frame_of(frame([3, 5], [100, 4250], ages=[-1, 7])))
    assert fleet.sample(5) == (NOW - 7, 42.5, 256 * 1024, 1024 * 1024, 10 * 1024)
    assert fleet.sample(3) is None
    assert fleet.sample(9) is None


def test_frame_of_a_clock_that_was_set_back_is_the_newest() -> None:
    fleet = fleet_of(1)
    fleet.apply_frame(1, 0, frame_of(frame([1], [500])))
    fleet.apply_frame(1, 0, frame_of(frame([1], [900], at=NOW - 3600)))
    sample = fleet.sample(1)
    assert sample is not None
    assert sample[1] == 9.0


def test_an_older_frame_that_comes_late_changes_nothing() -> None:
    fleet = fleet_of(1)
    fleet.apply_frame(1, 0, frame_of(frame([1], [500])))
    fleet.apply_frame(1, 0, frame_of(frame([1], [900], at=NOW - 5)))
    assert fleet.sample(1) == (NOW, 5.0, 256 * 1024, 1024 * 1024, 10 * 1024)


def test_a_fleet_in_more_or_fewer_parts_is_shown_whole_all_the_while() -> None:
    fleet = fleet_of(1, 2)

    def tick(shard: int, shards: int, keys: list[int], cpu: int, at: float) -> list[tuple[float, ...] | None]:
        fleet.apply_frame(1, shard, frame_of(frame(keys, [cpu] * len(keys), at=at)), shards)
        return [sample and sample[1:2] for sample in map(fleet.sample, (1, 2))]

    assert tick(0, 1, [1, 2], 100, NOW) == [(1.0,), (1.0,)]
    assert tick(0, 2, [2], 200, NOW + 5) == [(1.0,), (1.0,)], "the other part is on its way"
    assert tick(1, 2, [1], 200, NOW + 6) == [(2.0,), (2.0,)]
    assert tick(0, 1, [1, 2], 900, NOW + 4) == [(2.0,), (2.0,)], "of the layout before, come late"
    assert tick(0, 1, [1, 2], 300, NOW + 10) == [(3.0,), (3.0,)]
    assert list(fleet.frames) == [(1, 0)]


def test_a_part_that_never_comes_holds_the_others_up_for_one_tick() -> None:
    fleet = fleet_of(1, 2)
    for at, shards in ((NOW, 1), (NOW + 5, 2), (NOW + 10, 2)):
        fleet.apply_frame(1, 0, frame_of(frame([2], [round(at - NOW) * 100], at=at)), shards)
    assert fleet.sample(2) is not None
    sample = fleet.sample(2)
    assert sample is not None
    assert sample[1] == 10.0
    assert fleet.layouts == {1: 2}


def test_what_ends_leaves_and_is_counted_with_its_reason() -> None:
    fleet = fleet_of(1, 2)
    fleet.apply_change(1, [row(1, "ended", end_reason="vanished")])
    fleet.apply_change(1, [row(1, "ended", end_reason="timeout")])
    figures = told(Messages(fleet, NOW).frame_only())["figures"]
    assert (figures["running"], figures["ended"], figures["ended_by"]) == (1, 0.2, {"timeout": 1})


def test_heads_of_rows_that_ended_unseen_are_let_go() -> None:
    keys = range(1, ENDED_HEADS_HELD + 3)
    fleet = fleet_of(*keys)
    made = Messages(fleet, NOW)
    for key in keys:
        made.row(key)
    fleet.apply_change(1, [row(key, "ended", end_reason="timeout") for key in keys if key != 2])
    made.refresh(NOW)
    assert set(made._heads) == {2}


def test_births_and_endings_of_long_ago_are_not_counted_when_they_are_told_late() -> None:
    fleet = LiveFleet()
    fleet.apply_change(1, [row(1, "ended", created_at=NOW - 90_000, ended_at=NOW - 80_000)])
    figures = told(Messages(fleet, NOW).frame_only())["figures"]
    assert (figures["started"], figures["ended"], figures["ended_by"]) == (0, 0, {})


def test_an_orphan_keeps_its_verdict_through_a_change_of_its_record() -> None:
    fleet = fleet_of(1)
    fleet.apply_verdict([{"key": 1, "state": "marked", "act_at": NOW + 60}], [])
    fleet.apply_change(1, [row(1, end_at=NOW + 900)])
    assert (fleet.cells[1].orphan, fleet.cells[1].act_at) == ("marked", NOW + 60)
    fleet.apply_verdict([], [1])
    assert fleet.cells[1].orphan == "none"


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["running", "paused", "ended"])), max_size=40), st.data())
def test_a_browser_that_skips_messages_ends_with_the_same_roster(
    steps: list[tuple[int, str]], data: st.DataObject
) -> None:
    fleet, has = LiveFleet(), -1
    seen: dict[Any, Any] = {}
    for key, state in steps:
        fleet.apply_change(1, [row(key, state)])
        if not data.draw(st.booleans()):
            continue
        roster = told(Messages(fleet, NOW).fleet_page(has, -1))["roster"]
        has = fleet.version
        seen = {} if roster["full"] else seen
        for gone in roster.get("gone", []):
            seen.pop(gone, None)
        for at, key_ in enumerate(roster["key"]):
            seen[key_] = roster["state"][at]
        assert list(seen) == list(fleet.cells), "values are sent by place, so the order is the same too"
        assert list(seen.values()) == [cell.state[0] for cell in fleet.cells.values()]


def test_values_stand_in_the_order_of_the_roster_one_byte_each() -> None:
    fleet = fleet_of(9, 3)
    fleet.apply_frame(1, 0, frame_of(frame([3, 9], [1000, 9900])))
    values = told(Messages(fleet, NOW).fleet_page(-1, -1))["values"]
    assert list(base64.b64decode(values["cpu"])) == [99, 10]
    assert list(base64.b64decode(values["mem"])) == [25, 25]


def test_a_browser_is_sent_only_what_it_shows() -> None:
    fleet = fleet_of(1, 2, 3)
    made, browser = Messages(fleet, NOW), Browser("ada")
    browser.heard('{"show":{"page":"sandboxes","rows":[2]}}')
    (message,) = map(told, browser.messages(made))
    assert [one[0] for one in message["rows"]] == [2]
    assert "roster" not in message
    assert list(message["sparks"]) == ["2"]
    (again,) = map(told, browser.messages(made))
    assert again["sparks"] == {}


def test_a_browser_is_sent_only_the_rows_that_moved() -> None:
    fleet = fleet_of(1, 2, 3)
    made, browser = Messages(fleet, NOW), Browser("ada")

    def sent() -> list[int]:
        made.refresh(NOW)
        return [one[0] for one in told(browser.messages(made)[0])["rows"]]

    browser.heard('{"show":{"page":"sandboxes","rows":[1,2]}}')
    assert sent() == [1, 2]
    assert sent() == []
    fleet.apply_frame(1, 0, frame_of(frame([2], [100])), 2)
    fleet.apply_frame(1, 1, frame_of(frame([1, 3], [100, 100])), 2)
    assert sent() == [1, 2]
    fleet.apply_frame(1, 1, frame_of(frame([1, 3], [700, 100], at=NOW + 5)), 2)
    assert sent() == [1]
    fleet.apply_verdict([{"key": 2, "state": "marked", "act_at": NOW + 60}], [])
    fleet.apply_change(1, [row(1, "ended")])
    assert sent() == [1, 2]
    browser.heard('{"show":{"page":"sandboxes","rows":[2,3]}}')
    assert sent() == [3], "what was out of view is told again"


def test_that_all_is_still_well_wakes_nobody() -> None:
    hub, browser = Hub(), Browser("ada")
    hub.join(browser)

    def wakes(number: int, **status: Any) -> bool:
        browser.wake.clear()
        body = msgspec.msgpack.encode({"poll_error": "", "last_poll_at": NOW + number, **status})
        hub.take({"format": 1, "epoch": "1", "number": number, "kind": "status", "account": 1, "body": body})
        return browser.wake.is_set()

    assert [wakes(1), wakes(2), wakes(3, poll_error="refused"), wakes(4)] == [True, False, True, True]
    assert hub.messages.fleet.status[1]["last_poll_at"] == NOW + 4


def test_message_says_the_time_of_its_sending_while_nothing_comes_from_redis() -> None:
    fleet = fleet_of(1)
    fleet.apply_frame(1, 0, frame_of(frame([1], [500])))
    made = Messages(fleet, NOW)
    pages: list[Callable[[], bytes]] = [
        made.frame_only,
        lambda: made.fleet_page(-1, -1),
        lambda: made.sandbox(1, changed=False),
    ]
    for page in pages:
        page()
    made.keep_time(NOW + 15)
    for page in pages:
        figures = told(page())["figures"]
        assert (figures["now"], figures["at"]) == (NOW + 15, NOW), "the samples are as old as they are"


def test_keeping_the_time_builds_nothing_anew_within_a_second() -> None:
    made = Messages(fleet_of(1), NOW)
    first = made.fleet_page(-1, -1)
    made.keep_time(NOW + 0.9)
    assert made.fleet_page(-1, -1) is first


def test_freeze_reaches_open_pages_and_its_end_asks_for_the_new_times() -> None:
    hub, browser = Hub(), Browser("ada")
    hub.join(browser)
    hub.messages = Messages(LiveFleet(accounts=frozenset({1})), NOW)

    def take(number: int, at: float | None) -> Any:
        browser.wake.clear()
        body = msgspec.msgpack.encode({"at": at})
        hub.take({"format": 1, "epoch": "1", "number": number, "kind": "freeze", "account": 0, "body": body})
        return told(browser.messages(hub.messages)[0])["figures"]["frozen_at"]

    hub._reload.clear()
    assert (take(1, NOW), browser.wake.is_set(), hub._reload.is_set()) == (NOW, True, False)
    assert (take(2, None), browser.wake.is_set(), hub._reload.is_set()) == (None, True, True)


def test_a_hidden_page_is_sent_nothing_and_a_shown_one_everything_at_once() -> None:
    made, browser = Messages(fleet_of(1), NOW), Browser("ada")
    browser.heard('{"show":{"page":"fleet"},"hidden":true}')
    assert browser.messages(made) == []
    browser.heard('{"hidden":false}')
    (message,) = map(told, browser.messages(made))
    assert message["roster"]["full"]


def test_actions_reach_who_asked_for_them_and_the_page_of_their_sandbox() -> None:
    item = {"sandbox_key": 7, "actor": {"kind": "user", "name": "ada"}, "kind": "kill", "state": "done"}
    ada, bob = Browser("ada"), Browser("bob")
    bob.heard('{"show":{"page":"sandbox","sandbox":7}}')
    for browser in (ada, bob):
        browser.concerns(set(), [item])
    made = Messages(LiveFleet(), NOW)
    assert [told(message)["kind"] for message in ada.messages(made)] == ["actions", "frame"]
    (message,) = map(told, bob.messages(made))
    assert message["changed"]


def test_two_publishers_that_cross_are_no_loss_and_a_missing_number_is() -> None:
    sequence = Sequence()
    assert sequence.note("a", 7, 0.0)
    sequence.note("a", 9, 0.0)
    sequence.note("a", 8, 1.0)
    assert not sequence.lost(60.0)
    sequence.note("a", 11, 60.0)
    assert not sequence.lost(61.0)
    assert sequence.lost(63.0)
    assert not sequence.lost(64.0), "a fresh snapshot has answered it"
    assert not sequence.note("b", 1, 65.0), "Redis has forgotten: all before is unknown"


def test_what_comes_while_a_snapshot_is_read_is_not_lost() -> None:
    hub = Hub()
    hub._meanwhile = []
    message = {"format": 1, "epoch": "e", "number": 1, "kind": "change", "account": 1}
    hub.take(message | {"body": msgspec.msgpack.encode({"sandboxes": [row(3)], "events": []})})
    hub._replace(fleet_of(1))
    assert list(hub.messages.fleet.cells) == [1, 3]


def test_message_of_another_version_is_not_applied_and_the_record_is_asked() -> None:
    hub = Hub()
    hub.messages = Messages(fleet_of(1), NOW)
    message = {"format": 2, "epoch": "e", "number": 1, "kind": "change", "account": 1}
    hub.take(message | {"body": msgspec.msgpack.encode({"sandboxes": [row(3)], "events": []})})
    assert list(hub.messages.fleet.cells) == [1]
    assert hub._reload.is_set()


def test_an_account_out_of_sight_is_not_shown_and_asks_for_one_fresh_look() -> None:
    hub = Hub()
    hub.messages = Messages(LiveFleet(accounts=frozenset({1})), NOW)
    message = {"format": 1, "epoch": "e", "kind": "change", "account": 2}
    for number in (1, 2):
        body = msgspec.msgpack.encode({"sandboxes": [row(3)], "events": []})
        hub.take(message | {"number": number, "body": body})
        assert hub.messages.fleet.cells == {}
        assert hub._reload.is_set() is (number == 1)
        hub._reload.clear()


@pytest.mark.django_db
def test_snapshot_knows_since_when_policies_are_frozen() -> None:
    from dashboard.live import snapshot

    assert snapshot.read().frozen_at is None
    frozen = freezing.freeze("ada")
    assert snapshot.read().frozen_at == frozen.at.timestamp()
    freezing.lift("ada")
    assert snapshot.read().frozen_at is None


@pytest.mark.django_db
def test_the_snapshot_holds_what_lives_and_what_it_last_said() -> None:
    from dashboard.live import snapshot

    box, gone = records.sandbox("ilive", owner="ada"), records.sandbox("igone", state="ended")
    rule = records.policy()
    records.verdict(box, rule)
    records.frame({box.pk: records.Reading(cpu=12.5, mem=64)})
    fleet = snapshot.read()
    assert list(fleet.cells) == [box.pk]
    assert gone.pk not in fleet.cells
    assert fleet.cells[box.pk].orphan == "candidate"
    assert fleet.sample(box.pk) == (records.NOW.timestamp(), 12.5, 64 * 1024**2, 512 * 1024**2, 0)
