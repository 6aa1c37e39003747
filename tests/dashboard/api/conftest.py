"""A program that calls REST with a token, and the database behind it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

Call = Callable[..., HttpResponse]


@pytest.fixture
def call(db: None) -> Call:
    """`call("GET", "/sandboxes", q="x")`; a `body` goes as JSON. The answer has `.data`, its JSON."""
    from tests.support import records  # a conftest is read before Django is set up

    text = records.token()
    client = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)

    def calling(method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any) -> Any:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response: Any = client.generic(
            method,
            f"/api/v1{path}",
            content,
            "application/json",
            headers=headers or {},
            query_params={name.replace("__", "."): value for name, value in query.items()},
        )
        response.data = json.loads(response.content) if response.content else None
        return response

    return calling
