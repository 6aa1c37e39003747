"""Whether a request is secure is said by PUBLIC_URL alone, never by a header."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.roles import web

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import asyncio
from config.asgi import application

async def main():
    sent, scope = [], {"type": "http", "method": "GET", "path": "/healthz", "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"x-forwarded-proto", b"PROTO")], "client": ("192.0.2.1", 1)}
    told = iter([{"type": "http.request", "body": b""}])
    async def receive():
        return next(told, None) or await asyncio.Event().wait()
    async def send(message):
        sent.append(message)
    await application(scope, receive, send)
    assert sent[0]["status"] in (200, 503), sent
    headers = {name.lower(): value.decode() for name, value in sent[0]["headers"]}
    print(headers.get(b"strict-transport-security", "none"))
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("url", "proto", "said"),
    [
        ("https://sandwarden.example.com", "http", "max-age=31536000"),
        ("http://sandwarden.example.com", "https", "none"),
    ],
)
def test_scheme_and_hsts_follow_the_public_url_whatever_a_header_says(url: str, proto: str, said: str) -> None:
    environment = {**os.environ, "PUBLIC_URL": url, "TRUSTED_PROXIES": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    asked = [sys.executable, "-c", ASK.replace("PROTO", proto)]
    done = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == said, done.stderr


def test_web_server_believes_no_forwarded_header() -> None:
    assert web.server().config.proxy_headers is False


def test_web_server_takes_small_websocket_messages_alone() -> None:
    """uvicorn's own bound of 16 MiB holds before anybody is asked who they are."""
    assert web.server().config.ws_max_size == 256 * 1024
