"""Who may call, what is refused, and in which shape: the rules for all calls."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from dashboard.models import ApiToken
from tests.support import records

pytestmark = pytest.mark.django_db


def test_a_token_opens_the_door(call: Any) -> None:
    assert call("GET", "/sandboxes").data == {"items": [], "next": None, "total": 0}


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic abc", "Token x"])
def test_without_a_good_token_nothing_is_told(header: str | None) -> None:
    response = Client().get("/api/v1/sandboxes?nonsense=1", headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.json()["code"] == "unauthorized"
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_is_refused(call: Any) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())
    assert call("GET", "/health").status_code == 401


def test_the_last_use_is_noted_once_a_minute(call: Any) -> None:
    call("GET", "/health")
    first = ApiToken.objects.get().last_used_at
    call("GET", "/health")
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    call("GET", "/health")
    used_at = ApiToken.objects.get().last_used_at
    assert used_at is not None
    assert timezone.now() - used_at < timedelta(minutes=1)


def test_a_page_calls_with_its_session_and_its_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(records.member("ada"))
    records.sandbox("a")
    assert client.get("/api/v1/sandboxes").status_code == 200
    refused = client.post("/api/v1/sandboxes/a/kill")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    client.cookies["csrftoken"] = "x" * 32
    assert (
        client.post("/api/v1/sandboxes/a/kill", {}, "application/json", headers={"X-CSRFToken": "x" * 32}).status_code
        == 202
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/policies", {"name": "old", "orphan_when": {"older_than_seconds": 60}}),
        ("PUT", "/policies/1", {"name": "old", "orphan_when": {"older_than_seconds": 60}}),
        ("DELETE", "/policies/1", None),
        ("POST", "/policies/1/run", None),
        ("POST", "/policies/1/reset", None),
        ("PUT", "/freeze", {"frozen": False}),  # whoever may act may freeze, not lift it
        ("PUT", "/owner-callback", {"url": "https://owner.example/alive", "secret": "long enough to sign"}),
        ("DELETE", "/owner-callback", None),
    ],
)
def test_a_login_may_change_by_rest_only_what_its_pages_let_it(method: str, path: str, body: object) -> None:
    records.account()
    client = Client(enforce_csrf_checks=True)
    client.force_login(records.member("clerk"))
    client.cookies["csrftoken"] = "x" * 32
    content = "" if body is None else json.dumps(body)
    refused = client.generic(method, f"/api/v1{path}", content, "application/json", headers={"X-CSRFToken": "x" * 32})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), refused.content
    assert refused.json()["details"] == {"needs": ["admin"]}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/sandboxes", {"colour": "red"}),
        ("/health", {"x": "1"}),
        ("/sandboxes", {"limit": "0"}),
        ("/sandboxes", {"limit": "1001"}),
        ("/sandboxes", {"limit": "ten"}),
        ("/sandboxes", {"cursor": "nonsense"}),
        ("/sandboxes", {"state": "dead"}),
        ("/sandboxes", {"state": ""}),
        ("/sandboxes", {"order": "colour"}),
        ("/sandboxes", {"age_min": "-1"}),
        ("/sandboxes", {"age_min": "nan"}),
        ("/sandboxes", {"cpu_min": "inf"}),
        ("/sandboxes", {"orphan": "perhaps"}),
        ("/sandboxes", {"metadata.": "x"}),
        ("/sandboxes", {"q": "a\0"}),
        ("/sandboxes", {"metadata.a": "b\0"}),
        ("/events", {"since": "yesterday"}),
        ("/events", {"since": "2026-08-21T10:00:00"}),
        ("/events", {"since": "99999999999999"}),
        ("/events", {"source": "rumour"}),
        ("/events", {"cursor": "W10"}),
        ("/events", {"metadata.a": "b"}),
        ("/actions", {"state": "lost"}),
        ("/actions", {"bulk_id": "7"}),
        ("/fleet/metrics", {"points": "1001"}),
        ("/fleet/metrics", {"start": "20", "end": "10"}),
        ("/fleet/at", {"t": "soon"}),
        ("/fleet/at", {"cursor": "x"}),
        ("/leases", {"cursor": "x"}),
        ("/policies", {"cursor": "WyJcdTAwMDAiXQ"}),  # a NUL in it
    ],
)
def test_bad_input_is_400_and_says_what(call: Any, path: str, query: dict[str, str]) -> None:
    response = call("GET", path, **query)
    assert response.status_code == 400, response.data
    assert response.data["code"] == "bad_request"
    assert response.data["message"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/leases/w", {"ttl_seconds": 60, "match": {"metadata": {"a\0": "b"}}}),
        ("PUT", "/leases/w%00", {"ttl_seconds": 60, "match": {"ids": ["a"]}}),
        ("POST", "/policies", {"name": "a\0", "orphan_when": {"older_than_seconds": 9}}),
        ("POST", "/policies", {"name": "a", "orphan_when": {"missing_metadata": ["a\0"]}}),
        (
            "POST",
            "/policies",
            {"name": "a", "orphan_when": {"older_than_seconds": 9}, "match": {"metadata": {"a": "\0"}}},
        ),
    ],
)
def test_a_nul_that_the_database_cannot_hold_is_bad_input(call: Any, method: str, path: str, body: Any) -> None:
    assert call(method, path, body).status_code == 400


def test_a_parameter_given_twice_is_refused(call: Any) -> None:
    assert call("GET", "/sandboxes", owner=["a", "b"]).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandboxes/a/timeout", None),
        ("/sandboxes/a/timeout", b"{"),
        ("/sandboxes/a/timeout", b"\xff"),
        ("/sandboxes/a/timeout", b"[" * 100_000),
        ("/sandboxes/a/timeout", []),
        ("/sandboxes/a/timeout", {}),
        ("/sandboxes/a/timeout", {"seconds": "60"}),
        ("/sandboxes/a/timeout", {"seconds": 0}),
        ("/sandboxes/a/timeout", {"seconds": 1e30}),
        ("/sandboxes/a/timeout", {"seconds": True}),
        ("/sandboxes/a/timeout", {"seconds": 60, "extra": 1}),
        ("/sandboxes/a/kill", {"force": True}),
        ("/sandboxes/a/protect", {"until": 1}),
        ("/sandboxes/a/protect", {"until": 1, "reason": "x"}),
        ("/actions/bulk", {"action": "kill", "ids": ["a"]}),
        ("/actions/bulk", {"action": "sing", "ids": ["a"], "expected_count": 1}),
        ("/actions/bulk", {"action": "kill", "expected_count": 1}),
        ("/actions/bulk", {"action": "timeout", "ids": ["a"], "expected_count": 1}),
        ("/actions/bulk", {"action": "kill", "filter": {"colour": "red"}, "expected_count": 1}),
        ("/actions/bulk", {"action": "kill", "filter": {"state": "dead"}, "expected_count": 1}),
    ],
)
def test_a_bad_body_is_400_and_does_nothing(call: Any, path: str, body: Any) -> None:
    records.sandbox("a")
    response = call("POST", path, body)
    assert response.status_code == 400, response.data
    assert response.data["code"] == "bad_request"
    assert call("GET", "/actions").data["total"] == 0


def test_what_is_not_there_is_404(call: Any) -> None:
    for path in ("/sandboxes/none", "/sandboxes/none/events", "/sandboxes/none/metrics", "/actions/7", "/nowhere", "/"):
        response = call("GET", path)
        assert (response.status_code, response.data["code"]) == (404, "not_found"), path
    assert call("POST", "/sandboxes/none/kill").status_code == 404
    assert call("GET", "/actions/99999999999999999999").status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/x", "/api/v1/a%0Ab", "/api/x/"])
def test_unknown_api_path_is_404_in_json(method: str, path: str) -> None:
    token = records.token()
    client = Client(headers={"Authorization": f"Bearer {token}"}, enforce_csrf_checks=True)
    response = client.generic(method, path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    if method != "HEAD":
        assert response.json()["code"] == "not_found"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/nowhere", "/sandboxes/", "/sandboxes/a/", "/actions/x", "/actions/1/", "/health/"])
def test_unknown_call_is_404_in_json(call: Any, method: str, path: str) -> None:
    response = call(method, path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    if method != "HEAD":
        assert response.data["code"] == "not_found"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_call_without_a_token_is_401(method: str) -> None:
    response = Client().generic(method, "/api/v1/nowhere")
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE"])
def test_wrong_method_is_405_in_json(call: Any, method: str) -> None:
    response = call(method, "/health")
    assert (response.status_code, response["Content-Type"], response["Allow"]) == (405, "application/json", "GET")


def test_a_wrong_method_is_refused_in_our_shape(call: Any) -> None:
    response = call("DELETE", "/health")
    assert (response.status_code, response.data["code"], response["Allow"]) == (405, "method_not_allowed", "GET")


def test_the_database_away_is_503(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection refused by secret-host")

    monkeypatch.setattr("dashboard.api.sandboxes.search", away)
    response = call("GET", "/sandboxes")
    assert (response.status_code, response.data["code"]) == (503, "unavailable")
    assert response["Retry-After"] == "5"
    assert "secret-host" not in response.content.decode()


def test_query_that_was_ended_is_503_and_not_to_be_asked_again(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_: object, **__: object) -> None:
        raise OperationalError("canceling statement") from psycopg.errors.QueryCanceled()

    monkeypatch.setattr("dashboard.api.sandboxes.search", hangs)
    response = call("GET", "/sandboxes")
    assert (response.status_code, response.data["code"]) == (503, "unavailable")
    assert response.data["message"].startswith("the database took too long")
    assert "Retry-After" not in response


def test_our_own_failure_is_500_without_its_inside(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("inner secret")

    monkeypatch.setattr("dashboard.api.sandboxes.search", broken)
    response = call("GET", "/sandboxes")
    assert (response.status_code, response.data["code"]) == (500, "internal")
    assert "inner secret" not in response.content.decode()
