"""Frames in the database: the newest one of a shard, and the writing of the next."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction

from sandboxes.models import MetricFrame, Sandbox
from sandboxes.series.frame import Columns, Frame, Sample, seen_in

# A longer hole between two frames is filled from the backend's own history.
HOLE = timedelta(minutes=1)

_INSERT = """
INSERT INTO sandboxes_metricframe
    (account_id, shard, at, clock_unix, keys, ages, fresh, cpu, mem, mem_total, disk, disk_total, compacted)
VALUES (%s, %s, %s, %s, %s::int[], %s::smallint[], %s::int[], %s::smallint[], %s::int[], %s::int[], %s::int[],
        %s::int[], false)
ON CONFLICT (account_id, at, shard) DO NOTHING"""

# One statement for all that left; a sample newer than the one kept on the row, and only then.
_LAST_SAMPLES = """
UPDATE sandboxes_sandbox s
SET cpu_pct = u.cpu / 100.0, mem_used = u.mem * 1024::bigint, mem_total = u.mem_total * 1024::bigint,
    disk_used = CASE WHEN u.disk_total > 0 THEN u.disk * 1024::bigint END,
    disk_total = CASE WHEN u.disk_total > 0 THEN u.disk_total * 1024::bigint END,
    sampled_at = to_timestamp(u.unix)
FROM unnest(%s::int[], %s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[])
     AS u (key, unix, cpu, mem, mem_total, disk, disk_total)
WHERE s.id = u.key AND (s.sampled_at IS NULL OR s.sampled_at < to_timestamp(u.unix))"""


def literal(values: Iterable[int]) -> str:
    """A PostgreSQL array as text: far quicker to make than a parameter for each entry."""
    return f"{{{','.join(map(str, values))}}}"


def newest(account_id: int, shard: int, now: datetime) -> MetricFrame | None:
    """The shard's last frame; one from after `now` was written by a clock that has been put right since."""
    frames = MetricFrame.objects.filter(account_id=account_id, shard=shard, at__lte=now)
    return frames.order_by("-at").first()


def write(account_id: int, shard: int, at: datetime, frame: Frame, before: MetricFrame | None) -> None:
    """Keeps the frame; what is in it no more gets its last sample onto its own row. One transaction."""
    columns = (frame.keys, frame.ages, frame.fresh, frame.cpu, frame.mem, frame.mem_total, frame.disk, frame.disk_total)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_INSERT, [account_id, shard, at, frame.clock_unix, *map(literal, columns)])
        if before:
            _keep_last_samples(before, set(frame.keys))
            if at - before.at > HOLE:
                _reopen_history(account_id, before.at)


def _keep_last_samples(before: Columns, still_there: set[int]) -> None:
    left: list[tuple[int, Sample]] = [item for item in seen_in(before).items() if item[0] not in still_there]
    if left:
        columns = zip(*((key, *sample) for key, sample in left), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_LAST_SAMPLES, [literal(column) for column in columns])


def _reopen_history(account_id: int, since: datetime) -> None:
    """We were away: whoever lived in the meantime gets that part of their past too."""
    alive = Sandbox.objects.filter(account_id=account_id, backfilled_from__isnull=False).exclude(ended_at__lt=since)
    alive.update(backfilled_from=None)
