"""How channels do, in the API's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sandboxes.core import database, sight
from sandboxes.models import Channel, ChannelState, Delivery
from sandboxes.notifications import queries

WORDS: Final = ("working", "retrying", "failing", "unused", "disabled")


@dataclass(frozen=True)
class Counts:
    """Of the time asked for: arrived, failed, typical milliseconds, and when one arrived last."""

    sent: int = 0
    failed: int = 0
    ms: int | None = None
    last_at: datetime | None = None


def of(channels: Iterable[Channel]) -> dict[int, str]:
    """By key: `retrying` while something is tried again, `failing` where the last try failed and nothing is."""
    found = list(channels)
    states = {one.channel_id: one for one in ChannelState.objects.filter(channel__in=found)}
    again = set(
        Delivery.objects.filter(channel__in=found, state=Delivery.State.WAITING, attempts__gt=0)
        .exclude(error="").values_list("channel_id", flat=True)
    )  # fmt: skip
    return {one.pk: _word(one, states.get(one.pk), retries=one.pk in again) for one in found}


def failing(now: datetime) -> list[tuple[str, datetime, str]]:
    """Enabled channels on which nothing has arrived since a failure: name, since when, the last error."""
    rows = ChannelState.objects.filter(channel__enabled=True, failing_since__lte=now).select_related("channel")
    return [
        (one.channel.name, one.failing_since, one.error) for one in rows.order_by("channel__name") if one.failing_since
    ]


def counts(since: datetime) -> Mapping[int, Counts]:
    """By channel, of what whoever asks may see."""
    held = sight.everything()
    given = {"since": since, "everything": held is None, "accounts": sorted(held or ())}
    return {row[0]: Counts(*row[1:]) for row in database.rows(queries.COUNTS, given) if row[0] is not None}


def _word(channel: Channel, state: ChannelState | None, *, retries: bool) -> str:
    if not channel.enabled:
        return "disabled"
    if state is None or (state.last_sent_at is None and state.failing_since is None):
        return "unused"
    if state.failing_since is None:
        return "working"
    return "retrying" if retries else "failing"
