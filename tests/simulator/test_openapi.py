"""Every answer against E2B's own specifications, where they lie beside the project (`../shared/e2b`)."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from simulator import Simulator, app
from tests.simulator.receiver import Receiver, eventually

SPECS = Path(__file__).resolve().parents[3] / "shared" / "e2b"
MAIN, EVENTS = "openapi.yml", "openapi-events.yml"
Ask = Callable[[httpx.Client, Simulator], httpx.Response]


def _sandbox(simulator: Simulator) -> str:
    return next(sandbox.id for sandbox in simulator.fleet if sandbox.state == "running")


def _paused(simulator: Simulator) -> str:
    return next(sandbox.id for sandbox in simulator.fleet if sandbox.state == "paused")


def _webhook(api: httpx.Client) -> str:
    return str(api.get("/events/webhooks").json()[0]["id"])


def _taken(api: httpx.Client, simulator: Simulator) -> str:
    """The ID of a snapshot, percent-encoded."""
    taken = api.post(f"/sandboxes/{_sandbox(simulator)}/snapshots", json={"name": "golden:v1"})
    return quote(taken.json()["snapshotID"], safe="")


def _list_of_one(client: httpx.Client, simulator: Simulator) -> httpx.Response:
    _taken(client, simulator)
    return client.get("/snapshots")


NEW = {"templateID": "base", "metadata": {"a": "b"}}
HOOK = {"name": "n", "url": "http://127.0.0.1:9/", "events": ["sandbox.lifecycle.killed"], "signatureSecret": "s"}

# specification, method, path in it, how to ask, the status expected
CASES: list[tuple[str, str, str, Ask, int]] = [
    (MAIN, "get", "/health", lambda a, s: a.get("/health"), 204),
    (MAIN, "get", "/v2/sandboxes", lambda a, s: a.get("/v2/sandboxes"), 200),
    (MAIN, "get", "/v2/sandboxes", lambda a, s: a.get("/v2/sandboxes?limit=0"), 400),
    (MAIN, "get", "/v2/sandboxes", lambda a, s: a.get("/v2/sandboxes", headers={"X-API-Key": "no"}), 401),
    (MAIN, "get", "/sandboxes", lambda a, s: a.get("/sandboxes"), 200),
    (MAIN, "post", "/sandboxes", lambda a, s: a.post("/sandboxes", json=NEW), 201),
    (MAIN, "post", "/sandboxes", lambda a, s: a.post("/sandboxes", json={**NEW, "secure": True}), 201),
    (MAIN, "get", "/sandboxes/{sandboxID}", lambda a, s: a.get(f"/sandboxes/{_sandbox(s)}"), 200),
    (MAIN, "get", "/sandboxes/{sandboxID}", lambda a, s: a.get(f"/sandboxes/{_paused(s)}"), 200),
    (MAIN, "get", "/sandboxes/{sandboxID}", lambda a, s: a.get("/sandboxes/inone"), 404),
    (MAIN, "delete", "/sandboxes/{sandboxID}", lambda a, s: a.delete(f"/sandboxes/{_sandbox(s)}"), 204),
    (MAIN, "delete", "/sandboxes/{sandboxID}", lambda a, s: a.delete("/sandboxes/inone"), 404),
    (MAIN, "get", "/sandboxes/metrics", lambda a, s: a.get(f"/sandboxes/metrics?sandbox_ids={_sandbox(s)}"), 200),
    (MAIN, "get", "/sandboxes/metrics", lambda a, s: a.get("/sandboxes/metrics?sandbox_ids=A"), 400),
    (MAIN, "get", "/sandboxes/{sandboxID}/metrics", lambda a, s: a.get(f"/sandboxes/{_sandbox(s)}/metrics"), 200),
    (MAIN, "get", "/sandboxes/{sandboxID}/logs", lambda a, s: a.get(f"/sandboxes/{_sandbox(s)}/logs"), 200),
    (MAIN, "get", "/v2/sandboxes/{sandboxID}/logs", lambda a, s: a.get(f"/v2/sandboxes/{_sandbox(s)}/logs"), 200),
    (MAIN, "post", "/sandboxes/{sandboxID}/pause", lambda a, s: a.post(f"/sandboxes/{_sandbox(s)}/pause"), 204),
    (MAIN, "post", "/sandboxes/{sandboxID}/pause", lambda a, s: a.post(f"/sandboxes/{_paused(s)}/pause"), 409),
    (MAIN, "post", "/sandboxes/{sandboxID}/resume", lambda a, s: a.post(f"/sandboxes/{_paused(s)}/resume"), 201),
    (MAIN, "post", "/sandboxes/{sandboxID}/resume", lambda a, s: a.post(f"/sandboxes/{_sandbox(s)}/resume"), 409),
    (
        MAIN,
        "post",
        "/sandboxes/{sandboxID}/connect",
        lambda a, s: a.post(f"/sandboxes/{_sandbox(s)}/connect", json={"timeout": 9}),
        200,
    ),
    (
        MAIN,
        "post",
        "/sandboxes/{sandboxID}/connect",
        lambda a, s: a.post(f"/sandboxes/{_paused(s)}/connect", json={"timeout": 9}),
        201,
    ),
    (
        MAIN,
        "post",
        "/sandboxes/{sandboxID}/timeout",
        lambda a, s: a.post(f"/sandboxes/{_sandbox(s)}/timeout", json={"timeout": 9}),
        204,
    ),
    (MAIN, "post", "/sandboxes/{sandboxID}/refreshes", lambda a, s: a.post(f"/sandboxes/{_sandbox(s)}/refreshes"), 204),
    (MAIN, "post", "/sandboxes/{sandboxID}/fork", lambda a, s: a.post(f"/sandboxes/{_sandbox(s)}/fork"), 201),
    (
        MAIN,
        "put",
        "/sandboxes/{sandboxID}/network",
        lambda a, s: a.put(f"/sandboxes/{_sandbox(s)}/network", json={}),
        204,
    ),
    (
        MAIN,
        "post",
        "/sandboxes/{sandboxID}/snapshots",
        lambda a, s: a.post(f"/sandboxes/{_sandbox(s)}/snapshots", json={"name": "n:v1"}),
        201,
    ),
    (MAIN, "get", "/snapshots", _list_of_one, 200),
    (MAIN, "delete", "/templates/{templateID}", lambda a, s: a.delete(f"/templates/{_taken(a, s)}"), 204),
    (MAIN, "delete", "/templates/{templateID}", lambda a, s: a.delete("/templates/none"), 404),
    (MAIN, "get", "/templates/aliases/{alias}", lambda a, s: a.get("/templates/aliases/base"), 200),
    (MAIN, "get", "/templates/aliases/{alias}", lambda a, s: a.get("/templates/aliases/none"), 404),
    (MAIN, "get", "/templates", lambda a, s: a.get("/templates"), 200),
    (MAIN, "get", "/v2/templates", lambda a, s: a.get("/v2/templates"), 200),
    (MAIN, "get", "/teams/{teamID}/metrics", lambda a, s: a.get(f"/teams/{s.team_id}/metrics"), 200),
    (
        MAIN,
        "get",
        "/teams/{teamID}/metrics/max",
        lambda a, s: a.get(f"/teams/{s.team_id}/metrics/max?metric=sandbox_start_rate"),
        200,
    ),
    (EVENTS, "get", "/events/sandboxes", lambda a, s: a.get("/events/sandboxes?limit=100"), 200),
    (EVENTS, "get", "/events/sandboxes", lambda a, s: a.get("/events/sandboxes?limit=0"), 400),
    (EVENTS, "get", "/events/sandboxes/{sandboxID}", lambda a, s: a.get(f"/events/sandboxes/{_paused(s)}"), 200),
    (EVENTS, "post", "/events/webhooks", lambda a, s: a.post("/events/webhooks", json=HOOK), 201),
    (EVENTS, "post", "/events/webhooks", lambda a, s: a.post("/events/webhooks", json={}), 400),
    (EVENTS, "get", "/events/webhooks", lambda a, s: a.get("/events/webhooks"), 200),
    (EVENTS, "get", "/events/webhooks/{webhookID}", lambda a, s: a.get(f"/events/webhooks/{_webhook(a)}"), 200),
    (EVENTS, "patch", "/events/webhooks/{webhookID}", lambda a, s: a.patch(f"/events/webhooks/{_webhook(a)}"), 200),
    (EVENTS, "delete", "/events/webhooks/{webhookID}", lambda a, s: a.delete(f"/events/webhooks/{_webhook(a)}"), 200),
    (EVENTS, "get", "/events/webhooks/{webhookID}", lambda a, s: a.get("/events/webhooks/none"), 404),
    (
        EVENTS,
        "get",
        "/events/webhooks/{webhookID}/deliveries",
        lambda a, s: a.get(f"/events/webhooks/{_webhook(a)}/deliveries"),
        200,
    ),
    (
        EVENTS,
        "get",
        "/events/webhooks/{webhookID}/stats",
        lambda a, s: a.get(f"/events/webhooks/{_webhook(a)}/stats"),
        200,
    ),
]
# Without the specifications there is nothing to hold the answers against: then no case is collected at all.
HELD = [case for case in CASES if (SPECS / case[0]).exists()]


@cache
def _document(spec: str) -> dict[str, Any]:
    return dict(_absolute(yaml.load((SPECS / spec).read_text(), yaml.CSafeLoader), spec))


def _schema(document: dict[str, Any], method: str, path: str, status: int) -> dict[str, Any] | None:
    """The schema of that answer as the specification has it, or None when it has no body."""
    operation = document["paths"][path][method]
    found = {str(code): answer for code, answer in operation["responses"].items()}.get(str(status))
    # Refusals the specification forgot have the shape of all the others.
    found = found or {"$ref": f"#/components/responses/{status}"}
    if "$ref" in found:
        found = document["components"]["responses"][found["$ref"].rsplit("/", 1)[1]]
    content = found.get("content")
    return None if content is None else dict(content["application/json"]["schema"])


def _absolute(schema: Any, name: str) -> Any:
    """References that name the document, and null among the values of an enum that is nullable, as it is meant."""
    if isinstance(schema, dict):
        made = {key: _absolute(value, name) for key, value in schema.items()}
        if isinstance(made.get("$ref"), str) and made["$ref"].startswith("#"):
            made["$ref"] = name + made["$ref"]
        if made.get("nullable") and "enum" in made:
            made["enum"] = [*made["enum"], None]
        return made
    return [_absolute(part, name) for part in schema] if isinstance(schema, list) else schema


SIMULATED = {(route.method, route.path) for part in app.PARTS for route in part.ROUTES if "tags" not in route.path}

if HELD:

    @pytest.mark.parametrize(
        ("spec", "method", "path", "ask", "status"), HELD, ids=[f"{c[1]}-{c[2]}-{c[4]}-{n}" for n, c in enumerate(HELD)]
    )
    def test_the_answer_is_what_the_specification_says(
        simulator: Simulator,
        api: httpx.Client,
        receiver: Receiver,
        spec: str,
        method: str,
        path: str,
        ask: Ask,
        status: int,
    ) -> None:
        _fill(simulator, api, receiver)
        answer = ask(api, simulator)
        assert answer.status_code == status, answer.text
        document = _document(spec)
        schema = _schema(document, method, path, status)
        if schema is None:
            assert answer.content == b""
            return
        registry = Registry().with_resource(spec, Resource.from_contents(document, DRAFT4))
        OAS30Validator(schema, registry=registry, format_checker=oas30_format_checker).validate(answer.json())

    def test_every_call_of_the_specification_is_simulated_or_said_not_to_be(api: httpx.Client) -> None:
        """A 404 or 405 would be taken for an answer: no such volume, no such tag."""
        for path, calls in _document(MAIN)["paths"].items():
            concrete = re.sub(r"\{\w+\}", "x", path)
            for method in set(calls) & {"get", "post", "put", "patch", "delete"}:
                answer = api.request(method, concrete, json={})
                simulated = (method.upper(), path) in SIMULATED
                assert simulated == (answer.status_code != 501), (method, path)
                assert answer.status_code != 405, (method, path)


def _fill(simulator: Simulator, api: httpx.Client, receiver: Receiver) -> None:
    """One sandbox of each state with a past, and a webhook with a delivery that failed and one that did not."""
    api.post("/events/webhooks", json={**HOOK, "url": receiver.url, "events": ["sandbox.lifecycle.created"]})
    receiver.answers = 500
    paused = simulator.create(metadata={"owner": "x"}, timeout=3600)
    eventually(lambda: len(receiver.received) == 1 and simulator.outbox.waiting(simulator.now()) == 0)
    receiver.answers = 202
    simulator.create("desktop", timeout=3600)
    eventually(lambda: len(receiver.received) == 2 and simulator.outbox.waiting(simulator.now()) == 0)
    simulator.advance(8)
    api.post(f"/sandboxes/{paused.id}/pause", json={})
