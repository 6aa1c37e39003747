"""What runs at this moment, by group: how many sandboxes, and what they burn."""

from decimal import Decimal
from typing import Final

import msgspec
from django.db import connection

from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost.question import Question

_NOW: Final = """
SELECT {group} AS grp, count(*), sum(s.burn_usd_per_hour), coalesce(sum(s.burn_usd_per_hour) FILTER (
    WHERE s.id IN (SELECT sandbox_id FROM sandboxes_orphan_now)), 0)
FROM sandboxes_sandbox s JOIN sandboxes_account a ON a.id = s.account_id
WHERE s.account_id = ANY(%(accounts)s) AND s.state = 'running' GROUP BY 1"""


class RunningNow(msgspec.Struct, frozen=True):
    """Sandboxes that run, and USD an hour: all of it, and that of orphans."""

    sandboxes: int
    usd_per_hour: Decimal
    orphan_usd_per_hour: Decimal


def running_now(asked: Question) -> dict[str | None, RunningNow]:
    """By the group that is asked for; the range does not matter."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW.format(group=asked.expression), {"accounts": shown_account_ids(), "key": asked.key})
        return {group: RunningNow(*figures) for group, *figures in cursor.fetchall()}
