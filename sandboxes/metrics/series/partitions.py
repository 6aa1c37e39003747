"""The parts of the big tables: made ahead of time, and dropped whole when all in them is past its time."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import OperationalError, connection, transaction

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
# A frame that is not in series yet stays, and so do an account's newest: the next poll compares with them.
_FRAME_STAYS: Final = """(NOT p.compacted OR p.at > (
    SELECT max(at) FROM sandboxes_metricframe m WHERE m.account_id = p.account_id) - interval '1 minute')"""
TABLES: Final = (
    Parted("sandboxes_metricframe_fine", "at", timedelta(hours=6), FRAMES_IN_FULL, _FRAME_STAYS),
    Parted("sandboxes_metricframe_kept", "at", DAY, FRAMES, _FRAME_STAYS),
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
                _try(_make, table, start)
        for start in sorted(held):
            if start + table.width <= now - table.age:
                _try(_drop, table, start)


def _try(change: Callable[[Parted, datetime], None], table: Parted, start: datetime) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            change(table, start)
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
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
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass",
            [table.table],
        )
        names = [row[0].removeprefix(f"{table.table}_") for row in cursor.fetchall()]
    return {datetime.strptime(name, _NAME).replace(tzinfo=UTC) for name in names if name.isdecimal()}


def _make(table: Parted, start: datetime) -> None:
    """Beside the table first, then attached: that takes a weaker lock. Its rows in the default part come over."""
    part, default = _part(table, start), f"{table.table}_default"
    span = [start, start + table.width]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {part} (LIKE {default} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        _leave_arrays_unread(part)
        if table.packed_bytes:
            cursor.execute(f"ALTER TABLE {part} SET (toast_tuple_target = {table.packed_bytes})")
        cursor.execute(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {default} WHERE {table.column} >= %s AND {table.column} < %s RETURNING *) "
            f"INSERT INTO {part} SELECT * FROM moved",
            span,
        )
        cursor.execute(
            f"ALTER TABLE {table.table} ATTACH PARTITION {part} FOR VALUES FROM ('{span[0]}') TO ('{span[1]}')"
        )


def _leave_arrays_unread(part: str) -> None:
    """No plan asks what is in arrays, and autovacuum would unpack gigabytes of them for its statistics: minutes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute JOIN pg_type t ON t.oid = atttypid "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND typcategory = 'A'",
            [part],
        )
        for (column,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {part} ALTER COLUMN {column} SET STATISTICS 0")


def _drop(table: Parted, start: datetime) -> None:
    part = _part(table, start)
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table.table} IN ACCESS EXCLUSIVE MODE")
        # Asked while the part is still in the table: what stays may depend on what else is there.
        cursor.execute(f"CREATE TEMP TABLE staying ON COMMIT DROP AS SELECT * FROM {part} p WHERE {table.stays}")
        cursor.execute(f"ALTER TABLE {table.table} DETACH PARTITION {part}")
        cursor.execute(f"INSERT INTO {table.table} SELECT * FROM staying")
        cursor.execute(f"DROP TABLE staying, {part}")
