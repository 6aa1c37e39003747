"""OpenAPI tells the truth: it is valid, open, and names every call of the contract."""

from typing import Any

import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

CALLS = """
GET /health · GET /sandboxes · GET /sandboxes/{sandbox_id} · GET /sandboxes/{sandbox_id}/metrics
GET /sandboxes/{sandbox_id}/events · GET /sandboxes/{sandbox_id}/logs · GET /events
POST /sandboxes/{sandbox_id}/kill · POST /sandboxes/{sandbox_id}/pause · POST /sandboxes/{sandbox_id}/resume
POST /sandboxes/{sandbox_id}/timeout · POST /sandboxes/{sandbox_id}/extend
POST /sandboxes/{sandbox_id}/protect · DELETE /sandboxes/{sandbox_id}/protect
POST /actions/bulk · GET /actions/bulk/{bulk_id} · GET /actions
GET /actions/{action_id} · POST /actions/{action_id}/cancel
GET /fleet · GET /fleet/metrics · GET /fleet/at · GET /cost
GET /policies · POST /policies · GET /policies/{policy_id} · PUT /policies/{policy_id} · DELETE /policies/{policy_id}
POST /policies/preview · POST /policies/{policy_id}/run · POST /policies/{policy_id}/reset
POST /accounts/{name}/reset-brake
GET /leases · GET /leases/{key} · PUT /leases/{key} · DELETE /leases/{key} · GET /freeze · PUT /freeze
GET /owner-callback · PUT /owner-callback · DELETE /owner-callback
"""


@pytest.fixture
def schema(db: None) -> Any:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    return response.json()


def test_it_is_valid_openapi_3_1(schema: Any) -> None:
    assert schema["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(schema).validate()


def test_it_names_every_call(schema: Any) -> None:
    wanted = {tuple(call.split()) for line in CALLS.splitlines() for call in line.split(" · ") if call}
    paths = schema["paths"].items()
    told = {(verb.upper(), path.removeprefix("/api/v1")) for path, calls in paths for verb in calls}
    assert told == wanted


def test_answers_and_errors_are_described(schema: Any) -> None:
    for path, calls in schema["paths"].items():
        for method, call in calls.items():
            assert "default" in call["responses"], (method, path)
            good = [code for code in call["responses"] if str(code).startswith("2")]
            assert good == ["204"] or "content" in call["responses"][good[0]], (method, path)
    assert "key" not in schema["components"]["schemas"]["Sandbox"]["properties"]
    assert schema["components"]["schemas"]["Sandbox"]["properties"]["cost_usd"] == {"type": "number"}
    assert schema["components"]["schemas"]["FleetNow"]["properties"]["burn_usd_per_hour"] == {"type": "number"}


def test_the_docs_are_a_page_without_inline_scripts(settings: Any, db: None) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "/sandboxes/{sandbox_id}/kill" in text
    assert "<script" not in text
    assert "style=" not in text
