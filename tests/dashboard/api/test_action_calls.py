"""`/actions`: the audit trail, many at once, cancelling, and POSTs that happen once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.api.errors import Refusal
from dashboard.api.idempotency import Answer, Conflict, once
from dashboard.models import IdempotentAnswer
from sandboxes.actions import bulk
from sandboxes.models import Action, BulkRequest, Sandbox
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db

FIELDS = """id kind sandbox_id account actor reason evidence state requested_at sent_at answered_at confirmed_at outcome
error"""


def test_the_trail_is_newest_first_and_has_the_fields_of_the_contract(call: Any) -> None:
    box = records.sandbox("a")
    old = records.action(box, state="confirmed", outcome="killed", requested_at=NOW - timedelta(1))
    new = records.action(box, "pause", actor_kind="policy", actor_name="idle")
    trail = call("GET", "/actions").data
    assert [one["id"] for one in trail["items"]] == [new.pk, old.pk]
    assert set(trail["items"][0]) == set(FIELDS.split())
    assert (trail["items"][0]["outcome"], trail["items"][1]["outcome"]) == (None, "killed")


@pytest.mark.parametrize(
    "query", [{"sandbox": "b"}, {"kind": "pause"}, {"state": "queued,sent"}, {"actor": "idle"}, {"actor": "policy"}]
)
def test_the_trail_is_filtered(call: Any, query: dict[str, str]) -> None:
    records.action(records.sandbox("a"), state="failed")
    records.action(records.sandbox("b"), "pause", actor_kind="policy", actor_name="idle")
    found = call("GET", "/actions", **query).data
    assert ([one["sandbox_id"] for one in found["items"]], found["total"]) == (["b"], 1)


def test_the_trail_is_paged(call: Any) -> None:
    box = records.sandbox("a")
    made = [records.action(box, "extend").pk for _ in range(5)]
    first = call("GET", "/actions", limit=3).data
    second = call("GET", "/actions", limit=3, cursor=first["next"]).data
    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


def test_many_by_id(call: Any) -> None:
    for name in ("a", "b", "c"):
        records.sandbox(name)
    asked = {"action": "kill", "ids": ["a", "b", "a"], "expected_count": 2, "reason": "tidy"}
    response = call("POST", "/actions/bulk", asked)
    assert (response.status_code, response.data["count"]) == (202, 2)
    trail = call("GET", "/actions", bulk_id=str(UUID(response.data["bulk_id"]))).data
    assert sorted((one["sandbox_id"], one["reason"]) for one in trail["items"]) == [("a", "tidy"), ("b", "tidy")]


@pytest.mark.parametrize(
    "given", [{"owner": "ada", "metadata.team": "x"}, "owner=ada&metadata.team=x", {"q": "ada", "age_min": 1}]
)
def test_many_by_filter(call: Any, given: Any) -> None:
    records.sandbox("a", owner="ada", metadata={"team": "x"})
    records.sandbox("b", owner="bob", metadata={"team": "x"})
    response = call("POST", "/actions/bulk", {"action": "pause", "filter": given, "expected_count": 1})
    assert (response.status_code, response.data["count"]) == (202, 1)
    assert Action.objects.get().sandbox.sandbox_id == "a"


def test_another_count_is_409_with_the_new_one_and_does_nothing(call: Any) -> None:
    records.sandbox("a")
    response = call("POST", "/actions/bulk", {"action": "kill", "filter": {}, "expected_count": 2})
    assert (response.status_code, response.data["details"]) == (409, {"count": 1})
    assert not Action.objects.exists()


def test_those_not_in_a_state_for_it_are_told(call: Any) -> None:
    records.sandbox("a")
    records.sandbox("b", state="paused")
    response = call("POST", "/actions/bulk", {"action": "pause", "ids": ["a", "b"], "expected_count": 2})
    assert response.data["count"] == 1
    assert list(response.data["refused"]) == ["b"]


def test_a_mark_can_be_stopped_once(call: Any) -> None:
    act = records.action(records.sandbox("a"), state="grace", actor_kind="policy", policy=records.policy())
    stopped = call("POST", f"/actions/{act.pk}/cancel")
    assert (stopped.status_code, stopped.data["state"]) == (200, "cancelled")
    spare_until = Action.objects.get().spare_until
    assert spare_until is not None
    assert spare_until > timezone.now() + timedelta(hours=23)
    assert call("POST", f"/actions/{act.pk}/cancel").status_code == 409


def test_the_same_key_and_body_get_the_first_answer_again(call: Any) -> None:
    records.sandbox("a")
    first, second = (call("POST", "/sandboxes/a/extend", {"seconds": 60}, {"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert Action.objects.count() == 1


def test_replayed_answer_keeps_status_body_and_headers(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object) -> HttpResponse:
        return HttpResponse(b'{"action_id":7}', "application/problem+json", 409, headers={"Retry-After": "9"})

    records.sandbox("a")
    monkeypatch.setattr("dashboard.api.acts.answer", answer)
    given = [call("POST", "/sandboxes/a/kill", None, {"Idempotency-Key": "k"})]
    monkeypatch.undo()
    given.append(call("POST", "/sandboxes/a/kill", None, {"Idempotency-Key": "k"}))
    for one in given:
        assert (one.status_code, one.content) == (409, b'{"action_id":7}')
        assert (one["Content-Type"], one["Retry-After"]) == ("application/problem+json", "9")


def test_answer_kept_before_headers_were_is_json(call: Any) -> None:
    records.sandbox("a")
    call("POST", "/sandboxes/a/kill", None, {"Idempotency-Key": "k"})
    IdempotentAnswer.objects.update(headers={})
    assert call("POST", "/sandboxes/a/kill", None, {"Idempotency-Key": "k"})["Content-Type"] == "application/json"


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
def test_refusal_for_load_says_when_to_ask_again(
    call: Any, monkeypatch: pytest.MonkeyPatch, key: dict[str, str]
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise Refusal(429, "rate_limited", "too many", retry_after=7)

    records.sandbox("a")
    monkeypatch.setattr("dashboard.api.acts.ask", busy)
    refused = call("POST", "/sandboxes/a/kill", None, key)
    assert (refused.status_code, refused["Retry-After"]) == (429, "7")


def test_another_body_under_the_key_is_409(call: Any) -> None:
    records.sandbox("a")
    call("POST", "/sandboxes/a/extend", {"seconds": 60}, {"Idempotency-Key": "k"})
    for path, body in (("extend", {"seconds": 61}), ("timeout", {"seconds": 60})):
        refused = call("POST", f"/sandboxes/a/{path}", body, {"Idempotency-Key": "k"})
        assert (refused.status_code, refused.data["code"]) == (409, "idempotency_conflict")


def test_a_refusal_is_an_answer_too(call: Any) -> None:
    records.sandbox("a", state="paused")
    assert call("POST", "/sandboxes/a/pause", None, {"Idempotency-Key": "k"}).status_code == 409
    Sandbox.objects.update(state="running")
    assert call("POST", "/sandboxes/a/pause", None, {"Idempotency-Key": "k"}).data["code"] == "not_in_state"


def test_a_key_is_free_again_after_a_day_and_belongs_to_its_caller() -> None:
    assert once("a", "k", "d", lambda: Answer(202, b"1"), NOW) == Answer(202, b"1")
    assert once("a", "k", "d", lambda: Answer(202, b"2"), NOW + timedelta(hours=23)) == Answer(202, b"1")
    assert once("b", "k", "d", lambda: Answer(202, b"3"), NOW) == Answer(202, b"3")
    assert once("a", "k", "e", lambda: Answer(202, b"4"), NOW + timedelta(hours=24)) == Answer(202, b"4")


def test_a_call_that_is_still_at_work_holds_its_key() -> None:
    def inner() -> Answer:
        assert once("a", "k", "d", lambda: Answer(202, b"twice"), NOW) is Conflict.AT_WORK
        return Answer(202, b"once")

    assert once("a", "k", "d", inner, NOW) == Answer(202, b"once")


def test_what_failed_on_our_side_can_be_tried_again() -> None:
    assert once("a", "k", "d", lambda: Answer(503, b""), NOW) == Answer(503, b"")
    with pytest.raises(ZeroDivisionError):
        once("a", "k", "d", lambda: Answer(1 // 0, b""), NOW)
    assert once("a", "k", "d", lambda: Answer(202, b"ok"), NOW) == Answer(202, b"ok")
    assert IdempotentAnswer.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_cannot_be_is_refused(call: Any, key: str) -> None:
    records.sandbox("a")
    assert call("POST", "/sandboxes/a/kill", None, {"Idempotency-Key": key}).status_code == 400


def test_a_wish_for_more_than_a_worker_takes_at_once_is_answered_and_told_of(call: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)
    for name in "abc":
        records.sandbox(name)
    asked = {"action": "kill", "ids": list("abc"), "expected_count": 3}
    response = call("POST", "/actions/bulk", asked)
    assert (response.status_code, response.data["count"]) == (202, 3)
    where = f"/actions/bulk/{response.data['bulk_id']}"
    assert [call("GET", where).data[name] for name in ("taken", "left", "finished_at")] == [0, 3, None]
    bulk.carry_on_all()
    assert [call("GET", where).data[name] for name in ("taken", "left")] == [3, 0]


def test_a_call_whose_first_try_died_after_it_was_written_is_one_wish(call: Any) -> None:
    records.sandbox("a")
    asked = {"action": "extend", "seconds": 60, "ids": ["a"], "expected_count": 1}
    first = call("POST", "/actions/bulk", asked, {"Idempotency-Key": "k"})
    IdempotentAnswer.objects.all().delete()
    second = call("POST", "/actions/bulk", asked, {"Idempotency-Key": "k"})
    assert first.data == second.data
    assert Action.objects.count() == 1


def test_the_same_key_a_day_later_is_a_new_wish(call: Any) -> None:
    records.sandbox("a")
    asked = {"action": "timeout", "ids": ["a"], "expected_count": 1, "seconds": 60}
    numbers = []
    for _ in range(3):
        made = call("POST", "/actions/bulk", asked, {"Idempotency-Key": "nightly"})
        assert (made.status_code, made.data["count"]) == (202, 1)
        numbers.append(made.data["bulk_id"])
        yesterday = timezone.now() - timedelta(hours=25)
        IdempotentAnswer.objects.update(created_at=yesterday)
        BulkRequest.objects.update(requested_at=yesterday, finished_at=yesterday)
        records.brought_to(Action.objects.exclude(state="confirmed"), "confirmed")
    assert len(set(numbers)) == Action.objects.count() == 3
