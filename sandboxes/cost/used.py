"""Allocated against used, by template or owner: who could be smaller. From the groups' own minutes and hours."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from sandboxes.base.sizes import as_number
from sandboxes.core import database
from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost import queries
from sandboxes.fleet.figures.percentiles import of_histogram

KINDS: Final = ("template", "owner")
ROOM: Final = 1.3  # a third more than the p95 is left free


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
    rows = database.rows(queries.USED.format(name=queries.NAMES_BY_KIND[kind]), given)
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
