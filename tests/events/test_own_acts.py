"""The round that takes in answers to our own acts: its error goes when nothing is left that could fail."""

from datetime import UTC, datetime

from asgiref.sync import sync_to_async

from events import own_acts
from sandboxes.core import round_errors
from sandboxes.models import AccountHealth


async def test_error_of_a_round_with_nothing_left_to_take_in_is_cleared(account, mailbox):
    await sync_to_async(round_errors.store)(account, "answers", OSError("no room"), datetime.now(UTC))
    await sync_to_async(round_errors.store)(account, "act", OSError("no room"), datetime.now(UTC))
    assert await own_acts.take_in() == 0
    assert list((await AccountHealth.objects.aget(account=account)).round_errors) == ["act"]
