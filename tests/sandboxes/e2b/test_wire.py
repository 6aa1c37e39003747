"""What is read out of the API's answers, also out of odd ones."""

import json
import math
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandboxes.e2b import wire
from sandboxes.e2b.decoding import Decoder
from sandboxes.e2b.errors import BadAnswer
from sandboxes.e2b.fleet_calls import MAY_BE_MISSING

LISTED = Decoder(wire.ListedSandbox, MAY_BE_MISSING)
INFO = Decoder(wire.SandboxInfo)
METRIC = Decoder(wire.Metric)
EVENT = Decoder(wire.Event)


def read(decoder, value):
    return decoder.one(json.dumps(value).encode())


def test_it_reads_a_listed_sandbox(listed):
    sandbox = read(LISTED, listed())

    assert sandbox.sandbox_id == "i0123456789abcdefghij"
    assert sandbox.started_at == datetime(2026, 8, 21, 11, tzinfo=UTC)
    assert (sandbox.cpu_count, sandbox.memory_mb, sandbox.disk_size_mb) == (2, 512, 1024)
    assert sandbox.metadata == {"userId": "u1"}
    assert sandbox.state == "running"


def test_only_the_id_is_needed():
    sandbox = read(LISTED, {"sandboxID": "x"})

    assert sandbox.end_at is None
    assert sandbox.metadata == {}
    assert sandbox.state == ""


def test_null_counts_as_missing(listed):
    sandbox = read(LISTED, listed(metadata=None, alias=None, endAt=None, cpuCount=None, state=None, envdVersion=None))

    assert (sandbox.metadata, sandbox.alias, sandbox.end_at, sandbox.cpu_count) == ({}, None, None, None)


def test_unknown_fields_are_ignored(listed):
    assert read(LISTED, listed(future={"deep": [1, 2]})).sandbox_id


def test_state_word_that_we_do_not_know_is_kept_beside_unknown(listed):
    read_back = read(LISTED, listed(state="snapshotting"))

    assert (read_back.state, read_back.backend_state) == ("unknown", "snapshotting")


@pytest.mark.parametrize(
    ("state", "end", "planned", "deletes"),
    [
        ("running", "2026-08-21T13:00:00Z", True, False),
        ("running", "1970-01-01T00:00:00Z", False, False),  # CubeSandbox: never
        ("running", "2027-08-21T12:00:00Z", False, False),  # Dormice: a year from each read
        ("running", "2026-08-21T09:59:59Z", False, False),  # before its start
        ("running", "2026-08-21T11:00:00Z", True, False),  # overdue
        ("paused", "2026-08-21T11:00:00Z", False, False),  # E2B: the time of the pause
        ("paused", "2026-08-28T12:00:00Z", False, True),  # OpenKruise: deleted then
    ],
)
def test_end_that_is_none_is_not_taken_for_one(listed, state, end, planned, deletes):
    entry = read(LISTED, listed(state=state, startedAt="2026-08-21T10:00:00Z", endAt=end))
    now, given = datetime(2026, 8, 21, 12, tzinfo=UTC), datetime.fromisoformat(end)

    assert entry.planned_end(now) == (given if planned else None)
    assert entry.deletes_at(now) == (given if deletes else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-21T10:00:00.123456789Z", datetime(2026, 8, 21, 10, 0, 0, 123457, UTC)),
        ("2026-08-21T12:00:00.5+02:00", datetime(2026, 8, 21, 10, 0, 0, 500000, UTC)),
        ("2026-12-31T23:59:59.9999999Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-08-21T10:00:00", datetime(2026, 8, 21, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+02:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("", None),
    ],
)
def test_times_are_utc_or_none(listed, text, expected):
    end_at = read(LISTED, listed(endAt=text)).end_at

    assert end_at == expected
    assert end_at is None or end_at.tzinfo is UTC


def test_the_old_ending_with_the_client_id_is_no_part_of_the_id():
    assert read(LISTED, {"sandboxID": "iabc-6532622b", "clientID": "6532622b"}).sandbox_id == "iabc"
    assert read(LISTED, {"sandboxID": "0198-ab-6532622b", "clientID": "other"}).sandbox_id == "0198-ab-6532622b"


def test_the_access_token_is_never_kept(listed):
    lifecycle = {"autoResume": True, "onTimeout": "pause"}
    info = read(INFO, listed(envdAccessToken="s3cr3t-token", domain=None, lifecycle=lifecycle, network={"rules": {}}))

    assert "s3cr3t-token" not in repr(info)
    assert "s3cr3t-token" not in str(Decoder(wire.SandboxInfo).shape.__struct_fields__)
    assert info.lifecycle == wire.Lifecycle(auto_resume=True, on_timeout="pause")


def test_a_missing_cache_figure_is_none(sample):
    without = {key: value for key, value in sample().items() if key != "memCache"}

    assert read(METRIC, without).mem_cache is None


def test_absurd_numbers_are_kept_and_told_apart(sample):
    body = json.dumps(sample()).replace("12.34", "NaN").encode()
    nan = METRIC.one(body)
    huge = METRIC.one(json.dumps(sample()).replace("100000000", "1e999").encode())

    assert math.isnan(nan.cpu_used_pct)
    assert math.isinf(huge.mem_used)
    assert not wire.is_plausible(nan)
    assert not wire.is_plausible(huge)
    assert wire.is_plausible(read(METRIC, sample()))


@pytest.mark.parametrize(
    ("disk", "used", "total"),
    [({"diskUsed": -1}, 0, 0), ({"diskTotal": -1}, 0, 0), ({"diskTotal": "none"}, 2_000_000_000, 0), ({}, 2e9, 1e10)],
)
def test_implausible_disk_is_unknown_and_spoils_no_other_figure(sample, disk, used, total):
    (found,), _ = Decoder(wire.Metric, ("diskUsed", "diskTotal")).many(json.dumps([sample() | disk]).encode())

    assert (found.disk_used, found.disk_total) == (used, total)
    assert msgspec.structs.replace(found, disk_used=2_000_000_000, disk_total=10_000_000_000) == read(METRIC, sample())
    assert wire.is_plausible(found)


def test_a_metric_without_unix_time_takes_the_deprecated_one(sample):
    old = {key: value for key, value in sample().items() if key != "timestampUnix"}

    assert read(METRIC, old).timestamp_unix == 1787313600


def test_one_unreadable_entry_does_not_hide_the_others(listed):
    body = json.dumps([listed("a"), {"no": "id"}, listed(""), "text", listed("b", cpuCount={})]).encode()

    found, unreadable = LISTED.many(body)

    assert [(sandbox.sandbox_id, sandbox.cpu_count) for sandbox in found] == [("a", 2), ("b", None)]
    assert unreadable.entries == 3


@pytest.mark.parametrize("name", ["..", "a/b", "a\\b", "a\n", "", "x" * 321])
def test_an_id_that_no_address_can_name_is_unreadable(listed, name):
    with pytest.raises(BadAnswer):
        read(LISTED, listed(sandboxID=name))


def test_metadata_that_is_no_text_becomes_text(listed):
    assert read(LISTED, listed(metadata={"n": 5, "o": {"a": 1}, "t": "x"})).metadata == {
        "n": "5", "o": '{"a": 1}', "t": "x"
    }  # fmt: skip


def test_text_that_the_database_could_not_hold_is_replaced(listed):
    sandbox = read(LISTED, listed(metadata={"a\0": "nul\0", "b": "lone\ud800", "c": "😀"}))

    assert sandbox.metadata == {"a�": "nul�", "b": "lone�", "c": "😀"}


def test_event_data_is_kept_whole():
    data = {"kill_reason": "timeout", "extra": {"a": None}, "set_timeout": ""}
    event = read(
        EVENT, {"id": "1", "timestamp": "2026-08-21T10:00:00Z", "sandboxId": "i1", "type": None, "eventData": data}
    )

    assert event.event_data == data
    assert event.type == ""


def test_both_spellings_of_the_team_are_read():
    assert read(Decoder(wire.Webhook), {"id": "w", "teamID": "t"}).team_id == "t"
    assert read(Decoder(wire.Webhook), {"id": "w", "teamId": "t"}).team_id == "t"


@given(st.binary(max_size=300))
def test_whatever_comes_is_an_answer_or_a_bad_answer(body):
    try:
        LISTED.many(body)
    except BadAnswer:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["sandboxID", "startedAt", "cpuCount", "metadata", "state", "clientID"]), JSON))
def test_whatever_a_field_holds_an_entry_is_readable_or_counted(entry):
    found, unreadable = LISTED.many(json.dumps([entry]).encode())

    assert len(found) + unreadable.entries == 1
