"""Every download as a browser takes it: the file on disk is whole and can be read."""

import csv
import io
import json
import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Browser, Page

from tests import records

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
MANY = 1_300  # of each: more than a chunk of any export holds
NOTE = 'x,\n"y"'


@pytest.fixture
def site(transactional_db: None, mailbox: Any, static_files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Our pages on a free port, over a fleet of `MANY` sandboxes of as many owners."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright has a loop in this thread
    now = datetime.now(UTC)
    records.price()
    began = now - timedelta(hours=2)
    for number in range(MANY):
        box = records.sandbox(owner=f"ada {number}", started_at=began, metadata={"note": NOTE})
        box.executions.create(key=f"e{number}", started_at=began, cpu_count=2, memory_mb=512)
    from config.asgi import application

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def visitor(site: str, chromium: Browser) -> Page:
    """Signed in."""
    client = Client()
    client.force_login(get_user_model().objects.create_user("ada"))
    context = chromium.new_context()
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])
    return context.new_page()


def downloaded(page: Page, address: str, link: str) -> str:
    """What a click on a page's link puts on disk."""
    page.goto(address)
    with page.expect_download() as waiting:
        page.locator(f"a[download][href*='{link}']").first.evaluate("link => link.click()")
    assert waiting.value.failure() is None
    return waiting.value.path().read_bytes().decode()


def records_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_download_is_whole(visitor: Page, site: str) -> None:
    rows = records_of(downloaded(visitor, f"{site}/sandboxes/", "export.csv"))
    assert len({row["id"] for row in rows}) == len(rows) == MANY
    assert {row["metadata"] for row in rows} == {json.dumps({"note": NOTE})}
    items = json.loads(downloaded(visitor, f"{site}/sandboxes/", "export.json"))["items"]
    assert {item["id"] for item in items} == {row["id"] for row in rows}
    assert len(items) == MANY
    groups = records_of(downloaded(visitor, f"{site}/cost/", "export.csv"))
    assert {row["group"] for row in groups} == {item["owner"] for item in items}
    assert all(Decimal(row["cost_usd"]) > 0 for row in groups)
