"""A sink, and a mail server that takes or refuses."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.runner.conftest import a_free_port
from tests.support.sink import Sink, serving


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An HTTP server for channels."""
    with serving() as found:
        yield found


class Box:
    """What the mail server took, and what it answers."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.answer = "250 queued"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("2"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            self.mails.append((envelope.rcpt_tos, mail))
        return self.answer


@pytest.fixture
def box(settings: Any) -> Iterator[Box]:
    """A mail server that is set."""
    taken = Box()
    server = Controller(taken, hostname="127.0.0.1", port=a_free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    yield taken
    server.stop()
