"""One tick of the whole fleet: by polling, and as bare calls whose answers are decoded and thrown away."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asgiref.sync import sync_to_async
from django.db import connection

from benchmarks.stack.standing import ACCOUNT
from sandboxes.core.accounts import client_for
from sandboxes.metrics import polling
from sandboxes.metrics.polling import Part
from sandboxes.models import Account, Sandbox


@dataclass(frozen=True)
class Cycle:
    """Seconds of the clock and of this process's CPU."""

    wall_s: float
    cpu_s: float


async def poll(parts: Sequence[Part]) -> Cycle:
    """These parts at once, from the question to the written frame."""
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(polling.poll_part, parts))
    return Cycle(time.perf_counter() - began, time.process_time() - used)


async def fetch(ids: Mapping[Part, Sequence[str]]) -> Cycle:
    """The calls that `poll` makes for the same parts, with the same client."""
    account = await sync_to_async(Account.objects.get)(pk=ACCOUNT)

    async def of_part(part: Part) -> None:
        async with client_for(account) as client:
            await client.latest_metrics(ids[part])

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(of_part, ids))
    return Cycle(time.perf_counter() - began, time.process_time() - used)


def ids_of(parts: Sequence[Part]) -> dict[Part, list[str]]:
    """What each part asks for."""
    rows = Sandbox.objects.filter(state="running").order_by("id").values_list("id", "sandbox_id")
    found: dict[Part, list[str]] = {part: [] for part in parts}
    for key, sandbox_id in rows:
        found[parts[key % len(parts)]].append(sandbox_id)
    return found


def frames_held() -> tuple[int, int]:
    """Entries and bytes of all frames, indexes included."""
    sizes = """SELECT (SELECT coalesce(sum(cardinality(keys)), 0) FROM sandboxes_metricframe),
    (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('sandboxes_metricframe') WHERE isleaf)"""
    with connection.cursor() as cursor:
        cursor.execute(sizes)
        entries, size = cursor.fetchone()
    return int(entries), int(size)


def resident_mb(pid: int | str = "self") -> float:
    """Memory of a process that is in use now."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)
