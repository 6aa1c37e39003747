"""How well an account is polled, all its parts together: kept on its row, and published."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from msgspec.structs import asdict

from sandboxes.core import live
from sandboxes.core.accounts import health_of
from sandboxes.core.live_bodies import AccountStatus
from sandboxes.e2b import BadAnswer, BulkMetrics, ServerFailed, Unreachable
from sandboxes.metrics.series.frame import Running
from sandboxes.metrics.series.frame_store import Part
from sandboxes.models import Account, AccountHealth, MetricFrame

_OF_A_PART: Final = re.compile(r"part (\d+) of (\d+): ")
# A part that has not been read for longer counts as never read in this layout.
LOOK_BACK: Final = timedelta(hours=1)
TICKS_BACK: Final = 3
SAMPLED_WITHIN_SECONDS: Final = 60
EMPTY_AFTER: Final = timedelta(minutes=3)  # of answers without a sample of anybody: the backend keeps none


def success(part: Part, at: datetime, answers: BulkMetrics, seconds: float) -> dict[str, Any]:
    """Fields of AccountHealth after a frame was written; a frame with holes says why."""
    fields: dict[str, Any] = {"last_poll_at": at, "poll_seconds": round(seconds, 3), "poll_error": ""}
    if answers.calls:
        fields["reachable"] = True  # without anything running nothing was asked, and nothing is known
    if answers.failures:
        fields["poll_error"] = _said(part, f"{len(answers.unread_ids)} sandboxes not read: {answers.failures[0]}")
        fields["poll_failed_at"] = datetime.now(UTC)
    return fields


def emptiness(running: Sequence[Running], answers: BulkMetrics, clock_unix: int, at: datetime) -> dict[str, Any]:
    """Whether the backend answered with no sample for anybody, though some have run for long enough to have one."""
    if answers.samples:
        return {"no_metrics_since": None}
    old = any(clock_unix - one.started_unix > SAMPLED_WITHIN_SECONDS for one in running)
    return {"no_metrics_since": at} if old and answers.calls and not answers.failures else {}


def keeps_none(account: Account, at: datetime) -> bool:
    """Whether the backend has answered for minutes with no sample of anybody."""
    return AccountHealth.objects.filter(account=account, no_metrics_since__lt=at - EMPTY_AFTER).exists()


def failure(part: Part, error: Exception) -> dict[str, Any]:
    """Fields of AccountHealth after a part could not be read."""
    fields: dict[str, Any] = {"poll_error": _said(part, str(error)), "poll_failed_at": datetime.now(UTC)}
    if isinstance(error, Unreachable | ServerFailed | BadAnswer):
        fields["reachable"] = False
    return fields


def unit_of(part: Part) -> str:
    """What a part is called where its errors are kept; empty for the only one."""
    return f"part {part.shard + 1} of {part.shards}" if part.shards > 1 else ""


def _said(part: Part, error: str) -> str:
    return f"{unit_of(part)}: {error}" if part.shards > 1 else error


def count_late(account: Account) -> None:
    """A tick that came while the one before still ran."""
    health_of(account)
    AccountHealth.objects.filter(account=account).update(polls_late=F("polls_late") + 1)


async def tell(account: Account, part: Part, fields: dict[str, Any]) -> None:
    """Puts `fields` on record and publishes how the account is."""
    health = await sync_to_async(record)(account, part, fields)
    await live.apublish("status", account.pk, status(health))


def record(account: Account, part: Part, fields: dict[str, Any]) -> AccountHealth:
    """The account's row with `fields` on it, those of one part made those of all."""
    with transaction.atomic():
        health_of(account)
        health = AccountHealth.objects.select_for_update().get(account=account)
        if fields.get("no_metrics_since") and health.no_metrics_since:
            fields = {name: value for name, value in fields.items() if name != "no_metrics_since"}
        if part.shards > 1:
            fields = _of_all_parts(part, fields, health)
        for name, value in fields.items():
            setattr(health, name, value)
        health.save(update_fields=list(fields))
    return health


def _of_all_parts(part: Part, fields: dict[str, Any], health: AccountHealth) -> dict[str, Any]:
    """One part's good news is not the account's: the oldest part dates it, and another part's error stands."""
    fields = dict(fields)
    if "last_poll_at" in fields:
        oldest = _oldest_part(part, fields["last_poll_at"])
        fields["last_poll_at"] = oldest or health.last_poll_at
    if fields.get("poll_error") == "" and _is_of_another(health.poll_error, part):
        del fields["poll_error"]
        fields.pop("reachable", None)
    return fields


def _oldest_part(part: Part, at: datetime) -> datetime | None:
    """When the part that was read longest ago was read; None while one has never been."""
    # Where all parts are on time a few rows tell: an hour has thousands, and each part asks at each tick.
    ticks = timedelta(seconds=TICKS_BACK * settings.POLL_INTERVAL_SECONDS)
    for since in (at - ticks, at - LOOK_BACK):
        newest = _newest_of_parts(part, since, at)
        if len(newest) == part.shards:
            return min(newest.values())
    return None


def _newest_of_parts(part: Part, since: datetime, at: datetime) -> dict[int, datetime]:
    frames = MetricFrame.objects.filter(
        account_id=part.account_id, shards=part.shards, shard__lt=part.shards, at__gt=since, at__lte=at
    )
    newest = dict(frames.values_list("shard").annotate(newest=Max("at")).order_by())
    return newest | {part.shard: at}


def _is_of_another(error: str, part: Part) -> bool:
    """Whether an error tells of another part of this layout; one of a former layout tells of nothing any more."""
    told = _OF_A_PART.match(error)
    return told is not None and int(told[2]) == part.shards and int(told[1]) != part.shard + 1


def status(health: AccountHealth) -> dict[str, Any]:
    """The body of the live message "status"; times in Unix seconds, null before the first."""
    return asdict(
        AccountStatus(
            last_sync_at=health.last_sync_at.timestamp() if health.last_sync_at else None,
            last_poll_at=health.last_poll_at.timestamp() if health.last_poll_at else None,
            poll_seconds=health.poll_seconds,
            sync_error=health.sync_error,
            poll_error=health.poll_error,
            reachable=health.reachable,
        )
    )
