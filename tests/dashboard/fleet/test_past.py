"""The Fleet page in the past: the fleet at a second as its honeycomb takes it, and the sentences around it."""

import base64
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.fleet import events_near
from sandboxes.fleet import figures as fleet
from sandboxes.models import Sandbox, Verdict
from tests.support import records
from tests.support.records import NOW, Reading

HOUR = timedelta(hours=1)


def ran(sandbox: Sandbox, start: datetime, end: datetime | None = None) -> Sandbox:
    sandbox.executions.create(key=str(start), started_at=start, ended_at=end)
    return sandbox


@pytest.mark.parametrize("path", ["/fleet/past/", "/fleet/past/around/", "/fleet/past/hour/"])
@pytest.mark.django_db
def test_nobody_looks_into_the_past_without_signing_in(path: str) -> None:
    assert Client().get(path).status_code == 302


def test_a_moment_holds_cells_values_and_figures(person: Client) -> None:
    records.price()
    busy = ran(records.sandbox("busy", owner="ada", template_name="agent"), NOW - HOUR)
    silent = ran(records.sandbox("silent", started_at=NOW - HOUR / 2), NOW - HOUR / 2)
    records.verdict(busy)
    records.frame({busy.pk: Reading(40.0, 128)}, at=NOW - timedelta(seconds=3))
    told = person.get("/fleet/past/", {"at": NOW.isoformat()}).json()
    roster = told["roster"]
    assert (roster["key"], roster["id"]) == ([busy.pk, silent.pk], ["busy", "silent"])
    assert [roster["words"][word] for word in roster["template"]] == ["agent", "base"]
    assert roster["orphan"] == ["n", "n"], "held from NOW on, the tick is three seconds before"
    assert base64.b64decode(told["values"]["cpu"]) == bytes([40, 255])
    assert base64.b64decode(told["values"]["mem"]) == bytes([25, 255])
    assert told["exact_t"] == (NOW - timedelta(seconds=3)).timestamp()
    assert (told["figures"]["running"], told["figures"]["cpu_p50"]) == (2, 40.0)
    assert told["figures"]["burn"] == pytest.approx(2 * 0.1089, abs=1e-6)


@pytest.mark.django_db
def test_a_paused_one_has_no_figures_whatever_the_frame_still_says() -> None:
    start = NOW - 2 * HOUR
    box = ran(records.sandbox("napping", started_at=start, state="paused"), start, NOW - timedelta(seconds=2))
    records.frame({box.pk: Reading(40.0, 128)}, at=NOW)
    (cell,) = fleet.moment(NOW).cells
    assert (cell.state, cell.cpu_pct, cell.burn) == ("paused", None, Decimal(0))


@pytest.mark.django_db
def test_rates_and_reasons_are_of_the_time_before() -> None:
    ran(records.sandbox("young", started_at=NOW - timedelta(minutes=2)), NOW - timedelta(minutes=2))
    ran(records.sandbox("later", started_at=NOW + timedelta(minutes=2)), NOW + timedelta(minutes=2))
    for minutes, reason in ((-3, "timeout"), (-30, "request"), (3, "request")):
        ended_at = NOW + timedelta(minutes=minutes)
        records.sandbox(state="ended", ended_at=ended_at, end_reason=reason)
    figures = fleet.moment(NOW).figures
    assert (figures.started_per_minute, figures.ended_per_minute) == (0.2, 0.2)
    assert figures.ended_by_reason == {"timeout": 1, "request": 1}


@pytest.mark.django_db
def test_before_the_first_frame_it_says_so() -> None:
    ran(records.sandbox("one", started_at=NOW - HOUR), NOW - HOUR)
    then = fleet.moment(NOW - HOUR / 2)
    assert then.exact_t is None
    assert [cell.cpu_pct for cell in then.cells] == [None]
    assert fleet.moment(NOW - 9 * HOUR).cells == []


def test_what_is_no_time_is_refused_and_the_future_is_now(person: Client) -> None:
    for path in ("/fleet/past/", "/fleet/past/around/", "/fleet/past/hour/"):
        assert person.get(path, {"at": "soon"}).status_code == 400, path
    told = person.get("/fleet/past/", {"at": "9999-01-01T00:00:00Z"}).json()
    assert told["t"] == pytest.approx(timezone.now().timestamp(), abs=60)


def test_an_address_with_a_moment_is_of_then_from_the_first_byte(person: Client) -> None:
    start = timezone.now() - 3 * HOUR
    ran(records.sandbox("gone", started_at=start, state="ended", ended_at=start + HOUR), start, start + HOUR)
    at = (start + HOUR / 2).strftime("%Y-%m-%dT%H:%M:%SZ")
    page = person.get("/", {"at": at}).content.decode()
    assert '<span data-fill="running">1</span>' in page
    assert 'data-when="past" role="region" aria-label="Viewing the past">' in page, "the band is there"
    assert '<div data-when="live" hidden>' in page
    live = person.get("/", {"at": "nonsense"}).content.decode()
    assert '<span data-fill="running">0</span>' in live
    assert '<div data-when="live">' in live


def test_the_hour_before_a_moment_is_drawn_to_its_end(person: Client) -> None:
    told = person.get("/fleet/past/hour/", {"at": str(NOW.timestamp())}).json()
    assert told["cpu"]["layout"]["xaxis"]["range"] == [(NOW - HOUR).timestamp() * 1000, NOW.timestamp() * 1000]
    assert set(told["sparks"]) == {"started", "ended", "cpu_p50", "mem_p50"}
    assert person.get("/fleet/past/hour/").status_code == 200


@pytest.mark.django_db
def test_bursts_ends_marks_and_deeds_become_sentences() -> None:
    boxes = [ran(records.sandbox(template_name="runner", owner="batch", started_at=NOW), NOW) for _ in range(6)]
    for box in boxes[:2]:
        records.verdict(box)
    Verdict.objects.filter(sandbox=boxes[0]).update(until=NOW + timedelta(minutes=1))
    records.action(boxes[0], "pause", "done", actor_kind="policy", actor_name="nights")
    cut_off: dict[str, Any] = {"end_reason": "timeout", "cpu_pct": 71.0, "state": "ended"}
    records.sandbox("cut-off", ended_at=NOW - timedelta(minutes=1), **cut_off)
    found = {one.sentence: one for one in events_near.happened(NOW)}
    started = found["6 runner started"].link
    assert started.startswith("/sandboxes/?template=base&owner=batch&state=all&order=-created_at&created_since=")
    assert "&created_until=" in started
    assert found["2 orphans by old ones"].cause == "1 no longer match"
    assert found["policy nights paused 1"].mark == "note"
    assert found["1 ended by timeout while busy"].link == "/sandboxes/cut-off/"
    times = [one.at for one in events_near.happened(NOW)]
    assert times == sorted(times, reverse=True)
    assert events_near.happened(NOW - timedelta(minutes=30)) == []


@pytest.mark.django_db
def test_a_time_without_polls_is_named() -> None:
    box = records.sandbox()
    for minutes in (-5, 0):
        records.frame({box.pk: Reading()}, at=NOW + timedelta(minutes=minutes))
    assert [one.sentence for one in events_near.happened(NOW)] == ["no polls for 5 min"]


def test_what_the_past_tells_is_never_markup(person: Client) -> None:
    for _ in range(6):
        ran(records.sandbox(template_name="<script>t", owner="<b>o", started_at=NOW), NOW)
    told = person.get("/fleet/past/around/", {"at": str(NOW.timestamp())}).content
    assert b"&lt;script&gt;t" in told
    assert b"<script>t" not in told


def test_the_charts_come_after_the_page(person: Client) -> None:
    page = person.get("/").content.decode()
    assert 'data-charts="/fleet/charts/"' in page
    for asked in ("", "?at=2026-08-21T12:00:00Z"):
        told = person.get(f"/fleet/charts/{asked}").json()
        assert set(told) == {"cpu", "mem", "day", "gaps", "sparks"}
        assert set(told["gaps"]) == {"cpu", "mem", "day"}
