"""A real Chromium, and a page that fails its test on any error in the console."""

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.runner.conftest import Supervised, a_free_port, free_port, home, watched, whole_stack
from tests.support.chromium import launched
from tests.support.shared import SharedByFolder

__all__ = ["free_port", "home", "whole_stack"]


_stack = SharedByFolder[Supervised](Path(__file__).parent)


@pytest.fixture
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Supervised:
    """One `make run` for all tests here that leave it running: a start each, and a fleet that fills, took most of their
    time."""

    def made() -> AbstractContextManager[Supervised]:
        home = tmp_path_factory.mktemp("stack") / "data"
        return contextmanager(watched)(Supervised(home, a_free_port(), ("-m", "runner.supervisor")))

    return _stack.get(made)


def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Asked after tests of this folder alone."""
    _stack.end_unless_needed(nextitem.path if nextitem else None)


def pytest_sessionfinish() -> None:
    """However the run ends."""
    _stack.end_unless_needed(None)


@pytest.fixture(scope="module")
def whole_chromium() -> Iterator[Browser]:
    """One browser for all tests of a module: a start each took as long as what they look at."""
    with launched() as browser:
        yield browser


@pytest.fixture
def chromium(whole_chromium: Browser) -> Iterator[Browser]:
    """The module's browser; what a test opened in it goes with the test."""
    yield whole_chromium
    for context in list(whole_chromium.contexts):
        context.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of 1440 by 900; at the end its console must have been silent."""
    complaints: list[str] = []
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(error.stack or str(error)))
    yield page
    assert not complaints, complaints


@pytest.fixture
def site(transactional_db: None, mailbox: Any, static_files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Our pages on a free port, over the test's own records; no other process runs."""
    from config.asgi import application
    from dashboard.live.hub import hub

    monkeypatch.setattr(hub, "messages", hub.messages)  # what a test puts in its memory goes with the test
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def visitor(site: str, chromium: Browser) -> Page:
    """A page of `ada`, who is signed in."""
    from django.conf import settings
    from django.contrib.auth import get_user_model

    client = Client()
    from dashboard.models import Member

    ada = get_user_model().objects.create_user("ada")
    Member.objects.create(user=ada, role="operator")
    client.force_login(ada)
    context = chromium.new_context()
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])
    return context.new_page()
