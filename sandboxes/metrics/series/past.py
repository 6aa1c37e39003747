"""The back-fill's two ends in the database: who lacks which past, and the writing of what was found."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Random
from msgspec.structs import astuple

from sandboxes.core import database
from sandboxes.metrics.series import minutes
from sandboxes.metrics.series import queries_series as queries
from sandboxes.metrics.series.backfill_queue import REACH as LOOK_REACH
from sandboxes.metrics.series.frame import Sample
from sandboxes.metrics.series.frame_store import literal
from sandboxes.metrics.series.spans import (
    BELOW_AN_HOUR,
    COARSE_STEP_SECONDS,
    FINE_STEP_SECONDS,
    WINDOW_SECONDS,
    Span,
    missing,
    windows,
)
from sandboxes.models import Execution, MetricFrame, MetricSeries, Sandbox

REACH = timedelta(hours=24)
SETTLED = timedelta(minutes=2)  # a newborn's own samples are on their way
CANDIDATES: Final = 1000


class Wanted(NamedTuple):
    """A sandbox whose past is to be looked at, from `since` on; without `windows` there is nothing to ask for."""

    key: int
    sandbox_id: str
    since: datetime
    windows: list[Span]


def wanted(account_id: int, now: datetime, calls: int) -> list[Wanted]:
    """The next sandboxes for about `calls` calls: running ones first, the rest in no order, so that they tell of
    the whole day early on and one that always fails holds up nobody."""
    rows = (
        _without_past(account_id, now - REACH)
        .exclude(state=Sandbox.State.RUNNING, started_at__gt=now - SETTLED)
        .order_by(Case(When(state=Sandbox.State.RUNNING, then=Value(0)), default=Value(1)), Random())
        .values_list("pk", "sandbox_id")[:CANDIDATES]
    )
    found: list[Wanted] = []
    for one in _lacking(account_id, dict(rows), now - REACH, now):
        found.append(one)
        calls -= len(one.windows)
        if calls <= 0:
            break
    return found


def wanted_of(account_id: int, keys: Sequence[int], now: datetime) -> list[Wanted]:
    """These sandboxes, which somebody looks at, in their order: a week back, the last day in the finest steps."""
    ids = dict(_without_past(account_id, now - LOOK_REACH).filter(pk__in=keys).values_list("pk", "sandbox_id"))
    in_order = {key: ids[key] for key in keys if key in ids}
    day = now - REACH
    older = {one.key: one for one in _lacking(account_id, in_order, now - LOOK_REACH, day)}
    newer = _lacking(account_id, in_order, day, now, most_seconds=BELOW_AN_HOUR)
    return [
        one._replace(windows=older[one.key].windows + one.windows, since=min(one.since, older[one.key].since))
        for one in newer
    ]


def _without_past(account_id: int, since: datetime) -> QuerySet[Sandbox]:
    return Sandbox.objects.filter(Q(ended_at=None) | Q(ended_at__gt=since), account_id=account_id, backfilled_from=None)


def _lacking(
    account_id: int, ids: Mapping[int, str], start: datetime, end: datetime, most_seconds: int = WINDOW_SECONDS
) -> Iterator[Wanted]:
    """What we hold no sample of between `start` and `end`, in the order of `ids`."""
    if not ids:
        return
    runs, held = _runs(list(ids), start, end), _held(list(ids), start)
    polled = _polled_minutes(account_id, start)
    for key, sandbox_id in ids.items():
        spans = missing(runs[key], polled, held[key])
        first = min((run.start for run in runs[key]), default=int(start.timestamp()))
        pieces = [window for span in spans for window in windows(span, most_seconds)]
        yield Wanted(key, sandbox_id, datetime.fromtimestamp(first, UTC), pieces)


def _runs(keys: list[int], day: datetime, now: datetime) -> dict[int, list[Span]]:
    runs: dict[int, list[Span]] = defaultdict(list)
    rows = Execution.objects.filter(Q(ended_at=None) | Q(ended_at__gt=day), sandbox_id__in=keys, started_at__lt=now)
    for key, start, end in rows.values_list("sandbox_id", "started_at", "ended_at"):
        runs[key].append(Span(int(max(start, day).timestamp()), int(min(end or now, now).timestamp())))
    return runs


def _held(keys: list[int], day: datetime) -> dict[int, list[Span]]:
    """What earlier rounds brought: from a row's first to its last sample."""
    held: dict[int, list[Span]] = defaultdict(list)
    rows = MetricSeries.objects.filter(
        sandbox_id__in=keys, source=MetricSeries.Source.BACKFILL, hour__gt=day - timedelta(hours=1)
    )
    for key, hour, step, offsets in rows.values_list("sandbox_id", "hour", "step_seconds", "offsets"):
        start = int(hour.timestamp())
        # One window's last bucket and the next one's first need not touch.
        slack = max(step, COARSE_STEP_SECONDS)
        held[key].append(Span(start + offsets[0] - slack, start + offsets[-1] + 2 * slack))
    return held


def _polled_minutes(account_id: int, day: datetime) -> set[int]:
    clocks = MetricFrame.objects.filter(account_id=account_id, at__gt=day).values_list("clock_unix", flat=True)
    return {clock // 60 for clock in clocks.iterator()}


def write(account_id: int, now: datetime, samples: Sequence[tuple[int, Sample]], done: Iterable[Wanted]) -> None:
    """Series, minutes and marks in one transaction: a round that is killed has not been."""
    with transaction.atomic():
        if samples or now.minute % 10 == 0:  # the record of the past itself may have grown
            minutes.count_past(account_id, *_known_past(account_id, now))
        if samples:
            _write_samples(account_id, samples)
        by_start: dict[datetime, list[int]] = defaultdict(list)
        for one in done:
            by_start[one.since].append(one.key)
        # In the order in which the inbox locks its rows: two writers wait for each other, they never cross.
        rows = Sandbox.objects.select_for_update(no_key=True).filter(pk__in=[one.key for one in done])
        list(rows.order_by("account_id", "sandbox_id").values_list("pk", flat=True))
        for since, keys in by_start.items():
            Sandbox.objects.filter(pk__in=keys).update(backfilled_from=since)


def _known_past(account_id: int, now: datetime) -> tuple[datetime, datetime]:
    """From the account's first known sandbox, a day back at most, until now."""
    day = now - REACH
    lived = Sandbox.objects.filter(Q(ended_at=None) | Q(ended_at__gt=day), account_id=account_id)
    first = lived.order_by("created_at").values_list("created_at", flat=True).first()
    return max(day, first or now), now


def _write_samples(account_id: int, samples: Sequence[tuple[int, Sample]]) -> None:
    keys, columns = zip(*samples, strict=True)
    unix, cpu, mem, mem_total, disk, disk_total = map(literal, zip(*map(astuple, columns), strict=True))
    given: dict[str, Any] = {
        "account": account_id, "keys": literal(keys), "unix": unix, "cpu": cpu, "mem": mem, "mem_total": mem_total,
        "disk": disk, "disk_total": disk_total, "source": MetricSeries.Source.BACKFILL.value, "step": FINE_STEP_SECONDS,
    }  # fmt: skip
    database.execute(queries.BACKFILL_SERIES, given)
    database.execute(queries.BACKFILL_MINUTES, given)
