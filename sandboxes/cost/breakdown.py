"""Cost by group and time, exactly: one statement cuts every run at prices, whole numbers add it up by bucket."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost.last_sign import DEAD, us
from sandboxes.cost.money import millionths, rounded, units
from sandboxes.cost.question import Question

CURRENCY: Final = "USD"
_EVER: Final = 1 << 62

# Times are whole microseconds, so that nothing is lost. Each run counts to its end or to now, each
# second by its price. A run is not cut at every bucket: where it begins and ends it moves the slope of its group, and
# `along` walks the slopes. Thousandths of cores × time and MB × time are added up under each price: money is made of
# them afterwards.
_PIECES: Final = f"""
WITH prices AS MATERIALIZED (
    SELECT usd_per_vcpu_second AS per_core, usd_per_gib_second AS per_gib,
           CASE WHEN isfinite(since) THEN {us("since")} ELSE 0 END AS since,
           CASE WHEN isfinite(until) THEN {us("until")} ELSE {_EVER} END AS until
    FROM sandboxes_price_span
),
runs AS MATERIALIZED (
    SELECT e.id AS run, s.id AS box, {{group}} AS grp, {us("e.started_at")} AS began,
           {us("least(e.ended_at, %(now)s)")} AS over,
           (coalesce(nullif(e.cpu_count, 0), s.cpu_count, 0) * 1000)::bigint AS cores,
           coalesce(nullif(e.memory_mb, 0), s.memory_mb, 0)::bigint AS mb
    FROM sandboxes_execution e JOIN sandboxes_sandbox s ON s.id = e.sandbox_id
    JOIN sandboxes_account a ON a.id = s.account_id
    WHERE s.account_id = ANY(%(accounts)s) AND e.started_at < %(end)s AND e.started_at < %(now)s
      AND (e.ended_at IS NULL OR e.ended_at > %(start)s)
),
{{found}}spans AS (
    SELECT 'cost' AS kind, box, grp, cores, mb, began AS lo, over AS hi FROM runs
    {{wasted}}
),
clipped AS (
    SELECT kind, box, grp, cores, mb, greatest(lo, {us("%(start)s")}) AS lo, least(hi, {us("%(end)s")}) AS hi FROM spans
),
cut AS MATERIALIZED (
    SELECT c.kind, c.box, c.grp, p.per_core, p.per_gib, c.cores, c.mb,
           greatest(c.lo, p.since) AS lo, least(c.hi, p.until) AS hi
    FROM clipped c JOIN prices p ON p.since < c.hi AND p.until > c.lo WHERE c.lo < c.hi
),
touched AS (
    SELECT grp, unnest(range_agg(int8range(lo / %(width)s::bigint, (hi - 1) / %(width)s::bigint, '[]'))) AS buckets
    FROM cut WHERE kind = 'cost' GROUP BY grp, box
),
edges AS (
    SELECT kind, grp, per_core, per_gib, cores * sign AS cores, mb * sign AS mb, sign,
           at / %(width)s::bigint AS bucket, ((at / %(width)s::bigint + 1) * %(width)s::bigint - at)::numeric AS rest
    FROM cut CROSS JOIN LATERAL (VALUES (1, lo), (-1, hi)) AS edge (sign, at)
)
SELECT kind, grp, per_core, per_gib, bucket, sum(cores), sum(mb), sum(sign), sum(cores * rest), sum(mb * rest),
       sum(sign * rest)
FROM edges GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT 'count', grp, 0, 0, bucket, 0, 0, sum(sign), 0, 0, sum(sign)
FROM touched CROSS JOIN LATERAL (VALUES (1, lower(buckets)), (-1, upper(buckets))) AS edge (sign, bucket)
GROUP BY 2, 5
ORDER BY 1, 2, 3, 4, 5"""

# `held` is the union of a sandbox's verdicts, so that two policies that hold it do not count twice.
_FOUND: Final = f"""{DEAD},
held AS (
    SELECT v.sandbox_id AS box, unnest(range_agg(int8range({us("v.since")}, {us("least(v.until, %(now)s)")}))) AS span
    FROM sandboxes_orphan_span v
    WHERE v.since < least(v.until, %(now)s) AND v.since < %(end)s AND v.sandbox_id IN (SELECT box FROM runs)
    GROUP BY 1
),
"""
_WASTED: Final = """UNION ALL
    SELECT 'orphan', box, grp, cores, mb, greatest(began, lower(span)), least(over, upper(span))
    FROM runs JOIN held USING (box)
    UNION ALL
    SELECT 'idle', box, grp, cores, mb, greatest(began, since), over FROM runs JOIN dead USING (run)"""


class SpendItem(msgspec.Struct, frozen=True):
    """One group in one bucket (its start, UTC; None of the whole range). `seconds` run, over `sandboxes`.

    `orphan_usd`: while a policy, a dry run too, held it for an orphan; `idle_usd`: after its run's last sign of life.
    """

    group: str | None
    bucket: datetime | None
    cost_usd: Decimal
    orphan_usd: Decimal
    idle_usd: Decimal
    seconds: Decimal
    sandboxes: int


class Spend(msgspec.Struct, frozen=True):
    """`GET /cost`: the items' costs add up to `total_usd` exactly. Oldest bucket first, dearest group first in it."""

    currency: str
    start: datetime
    end: datetime
    items: list[SpendItem]
    total_usd: Decimal


@dataclass
class _Sum:
    cost: int = 0
    orphan: int = 0
    idle: int = 0
    microseconds: int = 0
    sandboxes: int = 0


def spend(asked: Question, now: datetime, account_id: int | None = None, *, waste: bool = True) -> Spend:
    """What was asked, over all accounts in sight or one of them; what runs is counted to `now`.

    Without `waste`, which reads samples and takes longer, `orphan_usd` and `idle_usd` are 0.
    """
    sums = _read(asked, now, [account_id] if account_id else shown_account_ids(), waste=waste)
    places = sorted(sums, key=lambda place: (place[1], -sums[place].cost, place[0] is None, place[0] or ""))
    costs, total = rounded([sums[place].cost for place in places])
    orphans, _ = rounded([sums[place].orphan for place in places])
    idles, _ = rounded([sums[place].idle for place in places])
    items = [
        SpendItem(
            group=place[0],
            bucket=None if asked.bucket == "total" else _start_of(place[1], asked.width),
            cost_usd=cost,
            orphan_usd=min(orphan, cost),
            idle_usd=min(idle, cost),
            seconds=millionths(sums[place].microseconds),
            sandboxes=sums[place].sandboxes,
        )
        for place, cost, orphan, idle in zip(places, costs, orphans, idles, strict=True)
    ]
    return Spend(CURRENCY, asked.start, asked.end, items, total)


def _read(asked: Question, now: datetime, accounts: list[int], *, waste: bool) -> dict[tuple[str | None, int], _Sum]:
    """Sums in units of `money` by group and number of bucket."""
    given: dict[str, Any] = {
        "accounts": accounts, "start": asked.start, "end": asked.end, "now": now, "width": asked.width,
        "key": asked.key,
    }  # fmt: skip
    parts = {"found": _FOUND, "wasted": _WASTED} if waste else {"found": "", "wasted": ""}
    sums: dict[tuple[str | None, int], _Sum] = defaultdict(_Sum)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")  # a hundred thousand runs stay out of temporary files
        cursor.execute(_PIECES.format(group=asked.expression, **parts), given)
        for (kind, group, per_core, per_gib), edges in groupby(cursor, key=itemgetter(0, 1, 2, 3)):
            for bucket, core_us, mb_us, many in along(edges, 1 if kind == "count" else asked.width):
                one = sums[group, bucket]
                if kind == "count":
                    one.sandboxes = many
                    continue
                setattr(one, kind, getattr(one, kind) + units(per_core, per_gib, core_us, mb_us))
                if kind == "cost":
                    one.microseconds += many
    return sums


def along(edges: Iterable[Sequence[Any]], width: int) -> Iterator[tuple[int, int, int, int]]:
    """(bucket, core × time, MB × time, time) for each bucket with any, of one group's edges in order.

    An edge ends with its bucket, by how much cores, MB and count change in it, and each change × what is left of the
    bucket: what began earlier and goes on fills the whole `width` of it.
    """
    cores, mb, many, reached = 0, 0, 0, 0
    for row in edges:
        bucket, *rests = (int(one) for one in (row[4], *row[8:]))
        if many:
            for between in range(reached, bucket):
                yield between, cores * width, mb * width, many * width
        if here := many * width + rests[2]:
            yield bucket, cores * width + rests[0], mb * width + rests[1], here
        cores, mb, many = cores + int(row[5]), mb + int(row[6]), many + int(row[7])
        reached = bucket + 1


def _start_of(bucket: int, width: int) -> datetime:
    return datetime.fromtimestamp(bucket * width // 1_000_000, UTC)
