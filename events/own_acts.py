"""What the backend answered to our own kills and pauses is on record at once, not at the next list.

It is a statement like any other: the next list or event may say otherwise, and only those confirm the action.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async

from events import inbox, observed
from events.fold.merge import ASKED
from events.observed import Seen
from sandboxes.base.clock import on_backend
from sandboxes.core import round_errors, rounds
from sandboxes.core.accounts import clock_offset
from sandboxes.fleet.inventory import Difference
from sandboxes.models import Account, Action

LATELY = timedelta(minutes=10)
DEADLINE_SECONDS = 20.0
ROUND = "answers"
WORDS = {Action.Kind.KILL: ("killed", "killed"), Action.Kind.PAUSE: ("paused", "paused")}


async def take_in() -> int:
    """Takes in the answers of the last minutes that the record does not show yet; how many."""
    answered = await sync_to_async(_answered)(datetime.now(UTC))

    async def store(account: Account) -> int:
        arrivals = await observed.arrivals(account, answered[account])
        await inbox.store(arrivals)
        return len(arrivals)

    return sum((await rounds.side_by_side(ROUND, answered, store, deadline_seconds=DEADLINE_SECONDS)).values())


def _answered(now: datetime) -> dict[Account, list[Seen]]:
    found: dict[Account, list[Seen]] = defaultdict(list)
    done = Action.objects.filter(state=Action.State.DONE, kind__in=WORDS, answered_at__gte=now - LATELY)
    for action in done.select_related("sandbox", "account__health").defer("sandbox__fold"):
        outcome, word = WORDS[Action.Kind(action.kind)]
        if action.outcome != outcome or action.answered_at is None:
            continue  # it was so already: what ended or paused it is somebody else's
        box = action.sandbox
        data = {"started_at": box.started_at.isoformat(), "state": word, ASKED: action.pk}
        seen = Seen(
            Difference(word, box.sandbox_id, box.template_id, data),
            on_backend(action.answered_at, clock_offset(action.account)),
        )
        found[action.account].append(seen)
    for account in round_errors.failing(ROUND):
        found.setdefault(account, [])  # the failed ones may have nothing left by now: then nothing is wrong any more
    return found
