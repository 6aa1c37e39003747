"""The page of REST: an example of each call that the server takes, code as code."""

import json
import re
import shlex
from typing import Any

import pytest
from django.test import Client

from dashboard.api import examples
from dashboard.api.docs import calls_of
from tests.support import records

SANDBOX = examples.IN_PATH["sandbox_id"]


@pytest.fixture
def page(static_files: object, db: None) -> str:
    return Client().get("/api/v1/docs").content.decode()


@pytest.fixture
def schema(db: None) -> Any:
    return Client().get("/api/v1/openapi.json").json()


def test_every_call_has_an_example_and_no_backtick_is_left(page: str, schema: Any) -> None:
    calls = sum(len(one) for one in schema["paths"].values())
    assert page.count('class="example"') == calls
    assert "`" not in page
    assert "<code>" in page
    assert 'href="/settings/tokens/"' in page


def test_examples_are_only_of_calls_that_there_are(schema: Any) -> None:
    known = {call["operationId"] for calls in schema["paths"].values() for call in calls.values()}
    assert {*examples.QUERIES, *examples.BODIES} <= known


def test_server_takes_each_example_as_it_stands(mailbox: object, schema: Any) -> None:
    """404, 409 and 503 are answers to a call that was understood; 400 says that it was not."""
    records.sandbox(SANDBOX)
    token = records.token()
    for call in calls_of(schema, "http://testserver"):
        sent = shlex.split(call.example)
        body = json.loads(sent[sent.index("-d") + 1]) if "-d" in sent else None
        given = {"data": body, "content_type": "application/json"} if body is not None else {}
        ask = getattr(Client(headers={"Authorization": f"Bearer {token}"}), call.method.lower())
        answer = ask(sent[-1].removeprefix("http://testserver"), **given)
        assert answer.status_code not in {400, 401, 405, 415, 422, 500}, (call.example, answer.content)


def test_example_names_no_place_holder(schema: Any) -> None:
    for call in calls_of(schema, "http://testserver"):
        assert not re.search(r"[{]\w+[}]", call.example.partition(" -d ")[0]), call.example
