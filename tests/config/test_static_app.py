"""Static files from the event loop: the file compressed, kept for as long as its name says, and all else to Django."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from config.static_app import Static

STYLE = b"body{color:red}" * 40


@pytest.fixture
def static(tmp_path: Path) -> Static:
    """One style and its gzip collected; behind them an app that says 404."""
    (tmp_path / "page.css").write_bytes(STYLE)
    (tmp_path / "page.css.gz").write_bytes(gzip.compress(STYLE))

    async def django(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"from Django"})

    with override_settings(STATIC_ROOT=tmp_path):
        return Static(django)


def asked(static: Static, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(static({"type": "http", "path": path, "method": method, "headers": given}, receive, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:])


def test_a_file_comes_as_the_browser_can_read_it(static: Static) -> None:
    status, headers, body = asked(static, "/static/page.css", accept_encoding="gzip, br")
    assert (status, headers["content-encoding"], gzip.decompress(body)) == (200, "gzip", STYLE)
    assert headers["content-type"].startswith("text/css")
    assert headers["x-content-type-options"] == "nosniff"
    assert asked(static, "/static/page.css")[2] == STYLE


def test_what_the_browser_has_is_not_sent_again(static: Static) -> None:
    _, headers, _ = asked(static, "/static/page.css")
    status, _, body = asked(static, "/static/page.css", if_none_match=headers["etag"])
    assert (status, body) == (304, b"")


def test_a_head_has_no_body(static: Static) -> None:
    status, headers, body = asked(static, "/static/page.css", method="HEAD")
    assert (status, headers["content-length"], body) == (200, str(len(STYLE)), b"")


@pytest.mark.parametrize(("path", "method"), [("/static/no.css", "GET"), ("/", "GET"), ("/static/page.css", "POST")])
def test_all_else_is_djangos(static: Static, path: str, method: str) -> None:
    assert asked(static, path, method) == (404, {}, b"from Django")
