"""Accounts that are read, rules, a channel, and rounds of judging at a time of the test's own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.judging import Judged


@pytest.fixture
def judged(transactional_db: None, mailbox: Any) -> "Iterator[Judged]":
    """Long after our start, with the shipped rules off and a channel."""
    from tests.support import judging

    with judging.judged() as made:
        yield made
