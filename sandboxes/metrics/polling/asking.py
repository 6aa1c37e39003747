"""One part's questions to the backend: in bulk, else one by one, and never more than its share of the budget."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings

from sandboxes.base.recent import Recent
from sandboxes.core import cooldowns
from sandboxes.e2b import BulkMetrics, Capabilities, E2BClient, NotFound, RateLimited, Unsupported
from sandboxes.e2b.bulk import CHUNK
from sandboxes.metrics.polling import health
from sandboxes.metrics.series.frame import Running
from sandboxes.metrics.series.frame_store import Part
from sandboxes.models import Account

# Where there is no bulk call: so many sandboxes of an account get a new sample each tick, in turn.
SINGLE_CALLS_A_TICK: Final = 100
CALLS_A_SECOND: Final = 20_000 / 30  # E2B's limit for an account and route (`e2b/README.md`, section 1)
SHARE: Final = 0.5  # of it: somebody else may ask with the same key
UNTOLD_SECONDS: Final = 10.0  # a refusal that does not say when to come back

# IDs that a backend called malformed, of those that run: one of them fails a whole bulk call. Each process finds out
# anew.
PARTS_HELD: Final = 128
refused_by_part: Recent[Part, frozenset[str]] = Recent(PARTS_HELD)


async def ask(
    client: E2BClient, account: Account, part: Part, at: datetime, running: Sequence[Running], deadline_seconds: float
) -> BulkMetrics:
    """The newest samples of `running` within `deadline_seconds`. Raises E2BError as the client does."""
    refused = refused_by_part.get(part) or frozenset()
    ids = [one.sandbox_id for one in running if one.sandbox_id not in refused]
    known = Capabilities.from_dict(account.capabilities)
    if known.lacks("metrics") and known.lacks("bulk_metrics"):
        return BulkMetrics({}, (), (), 0, ())  # asking would only hear the same; the probe asks once an hour
    if known.lacks("bulk_metrics"):
        ids = await _worth_asking(account, at, ids)
        return await one_by_one(client, part, at, ids, deadline_seconds)
    try:
        wanted = in_turn(ids, at, calls_for(part) * CHUNK)
        answers = await client.latest_metrics(wanted, deadline_seconds=deadline_seconds)
    except (NotFound, Unsupported):
        if known.lacks("metrics"):
            raise
        ids = await _worth_asking(account, at, ids)
        answers = await one_by_one(client, part, at, ids, deadline_seconds)
        if answers.calls and len(answers.gone_ids) == answers.calls:
            raise  # nothing at all is there: it is the address that is wrong
        return answers
    refused_by_part.set(part, refused.intersection(one.sandbox_id for one in running).union(answers.refused_ids))
    return answers


async def _worth_asking(account: Account, at: datetime, ids: list[str]) -> list[str]:
    """One of them, in turn, where nobody's call has brought a sample for minutes: it tells when that is over."""
    return in_turn(ids, at, 1) if await sync_to_async(health.keeps_none)(account, at) else ids


async def one_by_one(
    client: E2BClient, part: Part, at: datetime, ids: Sequence[str], deadline_seconds: float
) -> BulkMetrics:
    """Single calls for the next of them."""
    most = min(max(1, SINGLE_CALLS_A_TICK // part.shards), calls_for(part))
    return await client.metrics_one_by_one(in_turn(ids, at, most), max_calls=most, deadline_seconds=deadline_seconds)


def calls_for(part: Part) -> int:
    """How many calls a part may make in a tick: all parts together stay inside E2B's budget."""
    seconds = max(1.0, float(settings.POLL_INTERVAL_SECONDS))
    return max(1, int(CALLS_A_SECOND * SHARE * seconds) // part.shards)


def in_turn(ids: Sequence[str], at: datetime, most: int) -> list[str]:
    """The next `most` of them; whose turn it is follows from the time, so any worker can go on."""
    if len(ids) <= most:
        return list(ids)
    number = int(at.timestamp() / float(settings.POLL_INTERVAL_SECONDS))
    first = number * most % len(ids)
    return [*ids[first:], *ids[:first]][:most]


def cooldown_of(account_id: int) -> str:
    """The name under which all parts of an account wait together."""
    return f"poll:{account_id}"


async def obey(account_id: int, errors: Sequence[Exception], paused_seconds: float = 0.0) -> None:
    """Waits with the next poll of every part for as long as the backend asked for, by a refusal or ahead of one."""
    await cooldowns.start(cooldown_of(account_id), max(paused_seconds, *map(_wait_seconds, errors), 0.0))


def _wait_seconds(error: Exception) -> float:
    told = getattr(error, "retry_after", None)
    if told is None:
        return UNTOLD_SECONDS if isinstance(error, RateLimited) else 0.0
    return float(told)
