"""The part of the month that seldom changes, added up once in ten minutes: a round reads the rest alone.

What becomes known late of the past (the end of a run that no event told) is counted with the next addition. Pages and
REST add up the whole record (`usage.spent_exactly`); only what a round writes may lag behind them so long.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sandboxes.cost import month_start
from sandboxes.limits.usage import Spent, spent_in

EVERY: Final = timedelta(minutes=10)


class Settled:
    """Of one process. Accounts and keys without a limit are forgotten by `keep`."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[datetime, Spent]] = {}

    def spent(self, account_id: int, key: str, now: datetime) -> Spent:
        """As `spent_exactly`: what was added up until the last full ten minutes, and what came since."""
        until = now - (now - month_start(now)) % EVERY
        known = self._known.get((account_id, key))
        if known is None or known[0] != until:
            known = until, spent_in(account_id, key, month_start(now), until, now)
            self._known[account_id, key] = known
        before, since = known[1], spent_in(account_id, key, until, now, now)
        return Spent(_sum(before.today, since.today), _sum(before.month, since.month))

    def keep(self, wanted: set[tuple[int, str]]) -> None:
        """Forgets all others."""
        for place in self._known.keys() - wanted:
            del self._known[place]


def _sum(one: Mapping[str | None, int], other: Mapping[str | None, int]) -> Counter[str | None]:
    return Counter(one) + Counter(other)
