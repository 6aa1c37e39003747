"""Seven days of a fleet's history, generated into the stack's own tables.

A little of it is made by the stack's own code (five minutes of frames, an hour of series, their roll-ups) and then
copied along the week by SQL: PostgreSQL copies packed arrays as they are, so a week costs minutes instead of hours.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from benchmarks.stack import usage
from benchmarks.stack.standing import ACCOUNT
from sandboxes.metrics.polling import Part, delay_seconds, shards_for
from sandboxes.metrics.series import frame_store, hours, minutes, partitions, rollup_hours
from sandboxes.metrics.series.frame_store import Before, literal

TICK = timedelta(seconds=5)
SEED = timedelta(minutes=5)  # of frames: not yet in series, as between two compactions
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
FINE = timedelta(hours=6)  # of every tick: as the row-per-sample table (in life it is a day)
HOUR = timedelta(hours=1)
PATTERNS = 500  # different hours of a sandbox


def columns(table: str, but: tuple[str, ...]) -> str:
    """The names of a table's columns, without its key and those named."""
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return ", ".join(column.name for column in described if column.name not in {"id", *but})


def make_parts(now: datetime) -> None:
    """The parts of the week's partitioned tables. Unlogged: what is only read needs no log, and fills twice as fast."""
    moment = now - WEEK
    while moment < now:
        partitions.keep(moment)
        moment += timedelta(hours=6)
    partitions.keep(now)
    for table in partitions.TABLES:
        for part in _execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table.table]
        ):
            _execute(f"ALTER TABLE {part[0]} SET UNLOGGED")


def write_frames(now: datetime, running: int) -> None:
    """The last five minutes as polling writes them, rolled up; six hours of every tick, a week of one a minute."""
    shards = shards_for(running)
    before: dict[int, datetime] = {}
    for tick in _ticks(now - SEED, now):
        for shard in range(shards):
            part = Part(ACCOUNT, shard, shards)
            at = tick + timedelta(seconds=delay_seconds(part))
            keys = range(shard or shards, running + 1, shards)
            frame = usage.frame(keys, int(at.timestamp()))
            frame_store.write(part, at, frame, Before(own_at=before.get(shard), at=before.get(shard)))
            before[shard] = at
    minutes.roll_up(now + timedelta(minutes=1))
    rest = columns("sandboxes_metricframe", ("at", "clock_unix", "compacted"))
    copy = f"""
    INSERT INTO sandboxes_metricframe (at, clock_unix, compacted, {rest})
    SELECT f.at - back * interval '5 minutes', f.clock_unix - back * 300, true, {rest}
    FROM generate_series(%(first)s, %(last)s) AS back
    CROSS JOIN (SELECT * FROM sandboxes_metricframe WHERE NOT compacted) f WHERE f.kept OR %(fine)s"""
    fine, week = FINE // SEED, WEEK // SEED
    _execute(copy, {"first": 1, "last": fine - 1, "fine": True})
    _execute(copy, {"first": fine, "last": week - 1, "fine": False})


def write_fleet(now: datetime) -> None:
    """The fleet's minutes and its groups' along the week, from those five that frames gave; then their steps."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    a_hour, a_week = HOUR // SEED, WEEK // SEED
    for name, time in _BY_TIME:
        _copy(name, time, SEED, (1, a_hour), f"{time} >= %(since)s", hour)
    hours.roll_up(now)  # one hour is there: it is added up by the stack, the others are its copies
    for name, time in (("fleethour", "hour"), ("fleetten", "at")):
        _copy(name, time, HOUR, (1, WEEK // HOUR - 1))
    _copy("fleetgroup", "at", HOUR, (1, WEEK // HOUR - 1), "span_seconds > 60")
    for name, time in _BY_TIME:
        _copy(name, time, SEED, (a_hour + 1, a_week), f"{time} >= %(since)s", hour)


_BY_TIME = (("fleetminute", "minute"), ("fleetgroup", "at"))


def _copy(
    name: str, time: str, step: timedelta, back: tuple[int, int], which: str = "true", since: datetime | None = None
) -> None:
    table = f"sandboxes_{name}"
    rest = columns(table, (time,))
    _execute(
        f"""
        INSERT INTO {table} ({time}, {rest})
        SELECT {time} - back * %(step)s::interval, {rest}
        FROM generate_series(%(first)s, %(last)s) AS back CROSS JOIN (SELECT * FROM {table} WHERE {which}) seed""",
        {"first": back[0], "last": back[1], "step": step, "since": since},
    )


def write_series(now: datetime, sandboxes: int) -> None:
    """`sandboxes` of the fleet get 168 hours of samples, and their minutes and hours: PATTERNS hours are rolled up by
    the stack, and copied by sandbox and time."""
    first = now.replace(minute=0, second=0, microsecond=0) - WEEK
    rows = [(key, first, *_an_hour(key, first)) for key in range(1, PATTERNS + 1)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO sandboxes_metricseries (sandbox_id, hour, source, step_seconds, offsets, cpu, mem, disk, "
            "cpu_max, mem_max) "
            "VALUES (%s, %s, 'poll', 5, %s::smallint[], %s::smallint[], %s::int[], %s::int[], %s, %s)",
            rows,
        )
    while rollup_hours.roll_up_some(first):
        continue
    _spread("metricseries", "hour", "1 hour", WEEK // HOUR, sandboxes)
    _spread("seriesminutes", "at", "1 hour", WEEK // HOUR, sandboxes)
    _spread("serieshours", "at", "1 day", WEEK // DAY, sandboxes)


def _an_hour(key: int, hour: datetime) -> tuple[Any, ...]:
    begin = int(hour.timestamp())
    samples = [usage.sample(key, begin + offset) for offset in range(key % 5, 3600, 5)]
    cpu, mem, disk = ([getattr(one, name) for one in samples] for name in ("cpu", "mem", "disk"))
    offsets = [one.unix - begin for one in samples]
    return (*map(literal, (offsets, cpu, mem, disk)), max(cpu), max(mem))


def _spread(name: str, time: str, step: str, steps: int, sandboxes: int) -> None:
    """Each sandbox's step is a copy of some sandbox's first; what was copied from stays."""
    table = f"sandboxes_{name}"
    rest = columns(table, ("sandbox_id", time))
    _execute(
        f"""
        INSERT INTO {table} (sandbox_id, {time}, {rest})
        SELECT key, seed.{time} + step * interval '{step}', {rest}
        FROM generate_series(0, %(steps)s - 1) AS step CROSS JOIN generate_series(1, %(sandboxes)s) AS key
        JOIN {table} seed ON seed.sandbox_id = (key + step * 37) %% {PATTERNS} + 1
         AND seed.{time} = (SELECT min({time}) FROM {table})
        ON CONFLICT DO NOTHING""",
        {"steps": steps, "sandboxes": sandboxes},
    )


# A reader needs no statistics of arrays, and to make them would take minutes.
_LOOKED_FOR = {
    "metricframe": "account_id, at, kept, compacted, shard", "metricseries": "sandbox_id, hour, source, rolled",
    "seriesminutes": "sandbox_id, at", "serieshours": "sandbox_id, at", "fleetminute": "account_id, minute",
    "fleethour": "account_id, hour", "fleetten": "account_id, at",
    "fleetgroup": "account_id, span_seconds, at, kind, name, rest",
}  # fmt: skip


def settle() -> None:
    """Vacuumed and with statistics, as autovacuum leaves tables."""
    for name, looked_for in _LOOKED_FOR.items():
        _execute(f"VACUUM (ANALYZE) sandboxes_{name} ({looked_for})")
    _execute("VACUUM (ANALYZE) sandboxes_sandbox, sandboxes_execution")


def bytes_per_sample(running: int, sandboxes: int) -> float:
    """What a week of all `running` takes on disk with every index, by the sample: `sandboxes` have series here, and
    frames of every tick are kept for a day."""
    in_series = sandboxes * (WEEK // TICK)
    in_fine = running * (FINE // TICK) * 11 / 12  # the first of each minute stands in the other table
    of_a_week = running * (WEEK // TICK)
    per_series = sum(_size(name) for name in ("metricseries", "seriesminutes", "serieshours")) / in_series
    fine = _size("metricframe_fine") / in_fine * running * (DAY // TICK) * 11 / 12
    rest = _size("metricframe_kept") + sum(
        _size(name) for name in ("fleetminute", "fleetten", "fleethour", "fleetgroup")
    )
    return per_series + (fine + rest) / of_a_week


def _size(name: str) -> int:
    sizes = """SELECT sum(pg_total_relation_size(relid)) FROM (
        SELECT relid FROM pg_partition_tree(%(table)s::regclass) WHERE isleaf UNION SELECT %(table)s::regclass
    ) one_or_its_parts"""
    return int(_execute(sizes, {"table": f"sandboxes_{name}"})[0][0])


def _ticks(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += TICK


def _execute(sql: str, given: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall() if cursor.description else []


def fixed_now() -> datetime:
    """Five minutes after a whole hour that is over: all hours before it are in series, the minutes since in frames."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - HOUR + SEED
