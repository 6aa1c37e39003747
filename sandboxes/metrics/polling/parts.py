"""In how many parts an account is polled: enough that each is quick, so that workers on many machines share it."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings
from django.db.models import Count

from sandboxes.core.accounts import fleets
from sandboxes.metrics.series.frame_store import Part
from sandboxes.models import Sandbox

OF_SIZE: Final = 2_500  # running sandboxes: 25 calls, about half a second
MOST: Final = 32
SPREAD: Final = 0.5  # the parts of a tick begin within this share of it


def shards_for(running: int) -> int:
    """How many parts for so many running sandboxes."""
    return min(MOST, max(1, -(-running // OF_SIZE)))


def due() -> list[Part]:
    """The parts of every fleet, as it is now."""
    ids = [account.pk for account in fleets()]
    running = _running(ids)
    return [
        Part(account_id, shard, shards)
        for account_id in ids
        for shards in [shards_for(running.get(account_id, 0))]
        for shard in range(shards)
    ]


def _running(account_ids: Sequence[int]) -> Mapping[int, int]:
    rows = Sandbox.objects.filter(account__in=account_ids, state=Sandbox.State.RUNNING)
    return dict(rows.values_list("account").annotate(number=Count("pk")).order_by())


def delay_seconds(part: Part) -> float:
    """How long after the tick this part begins: calls spread, instead of all coming at once."""
    return SPREAD * float(settings.POLL_INTERVAL_SECONDS) * part.shard / part.shards
