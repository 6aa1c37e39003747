"""Whoever changes settings, and the account that they are of."""

from typing import TYPE_CHECKING, Any

import pytest

from simulator import DEFAULT_API_KEY
from simulator.served import Served

if TYPE_CHECKING:
    from sandboxes.models import Account


@pytest.fixture
def account(simulator: Served, mailbox: Any, db: None) -> "Account":
    """The account `default` at a simulated backend."""
    from tests.support import records

    return records.account(url=simulator.url, api_key=DEFAULT_API_KEY, owner_keys=["owner"])


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Looks asked of the worker, which does not run here."""
    seconds: list[float] = []
    monkeypatch.setattr(
        "dashboard.settings.permissions.queue.try_enqueue", lambda *_, **k: seconds.append(k["in_seconds"])
    )
    return seconds
