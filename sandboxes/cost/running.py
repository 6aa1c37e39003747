"""What runs at this moment, by group: how many sandboxes, and what they burn."""

from decimal import Decimal

import msgspec

from sandboxes.core import database
from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost import queries
from sandboxes.cost.question import Question


class RunningNow(msgspec.Struct, frozen=True):
    """Sandboxes that run, and USD an hour: all of it, and that of orphans."""

    sandboxes: int
    usd_per_hour: Decimal
    orphan_usd_per_hour: Decimal


def running_now(asked: Question) -> dict[str | None, RunningNow]:
    """By the group that is asked for; the range does not matter."""
    return {
        group: RunningNow(*figures)
        for group, *figures in database.rows(
            queries.RUNNING_NOW.format(group=asked.expression), {"accounts": shown_account_ids(), "key": asked.key}
        )
    }
