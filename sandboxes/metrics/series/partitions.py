"""The parts of the big tables: made ahead of time, and dropped whole when all in them is past its time."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import OperationalError, transaction

from sandboxes.core import database
from sandboxes.metrics.series import queries_partitions as queries

AHEAD: Final = 2  # parts that are ready before their time
LOCK_SECONDS: Final = 2  # whoever reads or writes the table is not kept waiting for longer
_NAME: Final = "%Y%m%d%H"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parted:
    """A table in parts of `width`, by the time in `column`; what is older than `age` goes.

    Rows for which `stays` is true are nobody's to drop: they move to the default part, as does what no part takes.
    New parts begin `back` before now; where rows are short, `packed_bytes` has PostgreSQL pack them all the same.
    """

    table: str
    column: str
    width: timedelta
    age: timedelta
    stays: str = "false"
    back: timedelta = timedelta(0)
    packed_bytes: int = 0


DAY: Final = timedelta(days=1)
FRAMES_IN_FULL: Final = DAY
FRAMES: Final = 7 * DAY  # one a minute
SERIES: Final = 7 * DAY
MINUTES: Final = 30 * DAY
HOURS: Final = 400 * DAY
TABLES: Final = (
    Parted("sandboxes_metricframe_fine", "at", timedelta(hours=6), FRAMES_IN_FULL, queries.FRAME_STAYS),
    Parted("sandboxes_metricframe_kept", "at", DAY, FRAMES, queries.FRAME_STAYS),
    Parted("sandboxes_metricseries", "hour", DAY, SERIES, "NOT p.rolled", back=DAY),
    Parted("sandboxes_seriesminutes", "at", 7 * DAY, MINUTES, back=DAY, packed_bytes=512),
    Parted("sandboxes_serieshours", "at", 30 * DAY, HOURS, back=DAY, packed_bytes=512),
)


def keep(now: datetime) -> None:
    """Makes the parts that are due and drops those past their time; what is locked for long waits for the next time."""
    for table in TABLES:
        held = _held(table)
        for start in _wanted(table, now):
            if start not in held:
                _try(make_partition, table, start)
        for start in sorted(held):
            if start + table.width <= now - table.age:
                _try(_drop, table, start)


def _try(change: Callable[[Parted, datetime], None], table: Parted, start: datetime) -> None:
    try:
        with transaction.atomic():
            database.execute(queries.wait_at_most(LOCK_SECONDS))
            change(table, start)
            database.execute(queries.WAIT_AS_EVER)
    except OperationalError as error:
        log.warning("%s stays as it is for now: %s", _part(table, start), error)


def _wanted(table: Parted, now: datetime) -> Iterator[datetime]:
    start = _floor(now - table.back, table.width)
    while start <= now + (AHEAD - 1) * table.width:
        yield start
        start += table.width


def _floor(moment: datetime, width: timedelta) -> datetime:
    seconds = int(width.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, UTC)


def _part(table: Parted, start: datetime) -> str:
    return f"{table.table}_{start:{_NAME}}"


def _held(table: Parted) -> set[datetime]:
    names = [name.removeprefix(f"{table.table}_") for (name,) in database.rows(queries.PARTS, [table.table])]
    return {datetime.strptime(name, _NAME).replace(tzinfo=UTC) for name in names if name.isdecimal()}


def make_partition(table: Parted, start: datetime) -> None:
    """Beside the table first, then attached: that takes a weaker lock. Its rows in the default part come over."""
    part, default, end = _part(table, start), f"{table.table}_default", start + table.width
    database.execute(queries.make(part, default))
    _leave_arrays_unread(part)
    if table.packed_bytes:
        database.execute(queries.pack_from(part, table.packed_bytes))
    database.execute(queries.lock(default))
    database.execute(queries.move_into(part, default, table.column), [start, end])
    database.execute(queries.attach(table.table, part, start, end))


def _leave_arrays_unread(part: str) -> None:
    """No plan asks what is in arrays, and autovacuum would unpack gigabytes of them for its statistics: minutes."""
    for (column,) in database.rows(queries.ARRAYS, [part]):
        database.execute(queries.leave_unread(part, column))


def _drop(table: Parted, start: datetime) -> None:
    part = _part(table, start)
    database.execute(queries.lock(table.table))
    database.execute(queries.set_aside(part, table.stays))
    for statement in queries.drop(table.table, part):
        database.execute(statement)
