"""Allocated against used, by template or owner: who could be smaller. From the groups' own minutes and hours."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from django.db import connection

from sandboxes.base.sizes import as_number
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.figures.percentiles import of_histogram

KINDS: Final = ("template", "owner")
ROOM: Final = 1.3  # a third more than the p95 is left free

# Hours where they are added up, minutes after them. Histograms add up entry by entry; what was kept by no name (too
# small, or without one) is left out. Sizes are those of the group's sandboxes on record in the range.
_USED: Final = """
WITH spans AS MATERIALIZED (
    SELECT g.* FROM sandboxes_fleetgroup g
    WHERE g.account_id = ANY(%(accounts)s) AND g.kind = %(kind)s AND NOT g.rest AND g.name <> ''
      AND g.at >= %(start)s AND g.at < %(end)s
      AND (g.span_seconds = 3600 OR g.at >= coalesce((
          SELECT max(h.at) + interval '1 hour' FROM sandboxes_fleetgroup h
          WHERE h.account_id = g.account_id AND h.kind = g.kind AND h.span_seconds = 3600), '-infinity'))
),
steps AS (
    SELECT name, n, sum(cpu) AS cpu, sum(mem) AS mem
    FROM spans CROSS JOIN LATERAL unnest(cpu_hist, mem_hist) WITH ORDINALITY AS u (cpu, mem, n) GROUP BY 1, 2
),
shares AS (
    SELECT name, array_agg(cpu ORDER BY n)::bigint[] AS cpu, array_agg(mem ORDER BY n)::bigint[] AS mem
    FROM steps GROUP BY 1
),
sizes AS (
    SELECT {name} AS name, mode() WITHIN GROUP (ORDER BY s.cpu_count) AS cores,
           mode() WITHIN GROUP (ORDER BY s.memory_mb) AS mb
    FROM sandboxes_sandbox s
    WHERE s.account_id = ANY(%(accounts)s) AND s.created_at < %(end)s
      AND (s.ended_at IS NULL OR s.ended_at > %(start)s) GROUP BY 1
)
SELECT name, sizes.cores, sizes.mb, shares.cpu, shares.mem FROM shares LEFT JOIN sizes USING (name)"""
_NAMES: Final = {
    "template": "s.template_shown",
    "owner": "coalesce(s.owner, '')",
}


class Used(msgspec.Struct, frozen=True):
    """A group's usual size and the p95 of what its sandboxes use of theirs, in percent.

    `could` is the smaller size that would still hold the p95 and a third more (cores, MB); None: none.
    """

    name: str
    cpu_count: int | float | None
    memory_mb: int | None
    cpu_p95: float | None
    mem_p95: float | None
    could: tuple[int | float, int] | None


def used(kind: str, start: datetime, end: datetime) -> list[Used]:
    """By `template` or `owner`, whoever could give back most first; empty where there are no samples."""
    given: dict[str, Any] = {"accounts": shown_account_ids(), "kind": kind, "start": start, "end": end}
    with connection.cursor() as cursor:
        cursor.execute(_USED.format(name=_NAMES[kind]), given)
        rows = cursor.fetchall()
    found = [_used(*row) for row in rows]
    return sorted(found, key=lambda one: (one.could is None, one.mem_p95 or 0, one.name))


def _used(name: str, cores: Decimal | None, memory: int | None, cpu: list[int], mem: list[int]) -> Used:
    p95, size = (of_histogram(cpu, 95), of_histogram(mem, 95)), as_number(cores)
    return Used(name, size, memory, *p95, smaller(size, memory, *p95))


def smaller(
    cores: float | None, memory_mb: int | None, cpu_p95: float | None, mem_p95: float | None
) -> tuple[int | float, int] | None:
    """The smallest halved size (whole cores, MB) that holds what is used and a third more; None: none is smaller."""
    if not cores or not memory_mb or cpu_p95 is None or mem_p95 is None:
        return None
    whole = cores == int(cores)
    fewer = _halved(int(cores), cores * cpu_p95 / 100 * ROOM, 1) if whole else cores
    least = fewer, _halved(memory_mb, memory_mb * mem_p95 / 100 * ROOM, 128)
    return least if least != (cores, memory_mb) else None


def _halved(size: int, needed: float, least: int) -> int:
    while size % 2 == 0 and size // 2 >= max(needed, least):
        size //= 2
    return size
