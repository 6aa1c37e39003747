"""The reading calls about the fleet: list, one sandbox, metrics, logs, templates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sandboxes.e2b import bulk, listing, old_logs, wire
from sandboxes.e2b.bulk import BulkMetrics
from sandboxes.e2b.calls import call, metadata_query, rfc3339
from sandboxes.e2b.connection import Connection
from sandboxes.e2b.decoding import Decoder
from sandboxes.e2b.errors import BadAnswer, NoProgress, NotFound, Unsupported
from sandboxes.e2b.listing import Inventory, Page

PAGE = 100  # entries of a page, at most
MOST_TEMPLATE_PAGES = 200
CLOCK_SLACK_SECONDS = 1.0

# Only what a decision can do without: no policy acts on a time, a size or a name that is not there.
MAY_BE_MISSING = (
    "templateID", "alias", "clientID", "startedAt", "endAt", "cpuCount", "memoryMB", "diskSizeMB", "metadata",
    "envdVersion",
)  # fmt: skip
_LISTED = Decoder(wire.ListedSandbox, MAY_BE_MISSING)
_INFO = Decoder(wire.SandboxInfo, (*MAY_BE_MISSING, "domain", "allowInternetAccess", "lifecycle"))
_METRICS_BY_ID = Decoder(wire.MetricsById)
_METRIC = Decoder(wire.Metric, ("timestamp", "cpuCount", "memCache", "diskUsed", "diskTotal"))
_LOGS = Decoder(wire.LogLines)
_OLD_LOGS = Decoder(wire.OldLogLines)
_TEMPLATE = Decoder(
    wire.Template,
    ("buildID", "names", "aliases", "cpuCount", "memoryMB", "diskSizeMB", "public", "buildStatus", "spawnCount",
     "createdAt", "updatedAt", "lastSpawnedAt"),
)  # fmt: skip


class FleetCalls(Connection):
    """Everything that only looks at sandboxes and templates."""

    async def list_page(
        self,
        *,
        states: Sequence[str] = (),
        metadata: Mapping[str, str] | None = None,
        template: str | None = None,
        started_after: datetime | None = None,
        order: str | None = None,
        limit: int = PAGE,
        next_token: str | None = None,
        deadline_seconds: float | None = None,
    ) -> Page:
        """One page of `GET /v2/sandboxes`. Some backends ignore `template`, `started_after` and `order`."""
        query = [
            ("state", ",".join(states) or None),
            ("metadata", metadata_query(metadata)),
            ("template", template),
            ("startedAfter", rfc3339(started_after)),
            ("order", order),
            ("limit", limit),
            ("nextToken", next_token),
        ]
        reply = await self.sender.send(call("GET", "/v2/sandboxes", query=query), deadline_seconds)
        items, doubts = _LISTED.many(reply.body)
        self.report(doubts, "list entries")
        total = reply.headers.get("x-total-running", "")
        return Page(
            items=items,
            next_token=reply.headers.get("x-next-token") or None,
            total_running=int(total) if total.isdecimal() else None,
            doubts=doubts,
            sent_at=reply.sent_at,
            server_date=reply.server_date,
        )

    async def list_all(
        self,
        states: Sequence[str] = ("running", "paused"),
        metadata: Mapping[str, str] | None = None,
        *,
        deadline_seconds: float = 120.0,
    ) -> Inventory:
        """The whole list within `deadline_seconds`. Raises E2BError when a state's first page can't be read."""
        end = self.sender.timing.monotonic() + deadline_seconds

        async def fetch(state: str, token: str | None) -> Page:
            left = end - self.sender.timing.monotonic()
            return await self.list_page(states=(state,), metadata=metadata, next_token=token, deadline_seconds=left)

        return await listing.read_all(fetch, states, metadata, lambda: self.clock_offset_seconds)

    async def get(self, sandbox_id: str, *, deadline_seconds: float | None = None) -> wire.SandboxInfo:
        """`GET /sandboxes/{id}`. Raises NotFound when it is gone: the one proof of that.

        Some backends (OpenKruise, CubeSandbox) answer 200 with a state that means dead: that is gone too.
        """
        reply = await self.sender.send(call("GET", "/sandboxes/{}", sandbox_id), deadline_seconds)
        info = _INFO.one(reply.body)
        if info.state == wire.DEAD:
            raise NotFound(f"GET /sandboxes/{sandbox_id} answered state {info.backend_state!r}: it has ended")
        return info

    async def latest_metrics(self, ids: Sequence[str], *, deadline_seconds: float = 30.0) -> BulkMetrics:
        """The latest sample of each: `GET /sandboxes/metrics`, 100 IDs a call, all within `deadline_seconds`.

        Judge each by its time: paused and killed sandboxes answer with old ones. Keep `refused_ids` out next time.
        Raises NotFound or Unsupported where there is no bulk call (see metrics_one_by_one), and as bulk.read does.
        """
        end = self.sender.timing.monotonic() + deadline_seconds

        async def fetch(chunk: list[str]) -> Mapping[str, wire.Metric]:
            wanted = call("GET", "/sandboxes/metrics", query=[("sandbox_ids", ",".join(chunk))])
            reply = await self.sender.send(wanted, end - self.sender.timing.monotonic())
            return self._samples(reply.body)

        return await bulk.read(fetch, ids, chunk=bulk.CHUNK, workers=self.workers, max_calls=None)

    def _samples(self, body: bytes) -> dict[str, wire.Metric]:
        try:
            return _METRICS_BY_ID.one(body).sandboxes
        except BadAnswer:
            samples, doubts = _METRIC.keyed(body, "sandboxes")
            self.report(doubts, "samples")
            return samples

    async def metrics_one_by_one(
        self, ids: Sequence[str], *, max_calls: int, deadline_seconds: float = 30.0, look_back_seconds: float = 120.0
    ) -> BulkMetrics:
        """The same without the bulk call: one call a sandbox, `max_calls` at most, the first IDs first."""
        end = self.sender.timing.monotonic() + deadline_seconds
        gone = []

        async def fetch(chunk: list[str]) -> Mapping[str, wire.Metric]:
            offset = self.sender.clock.offset_seconds
            try:
                samples = await latest(chunk[0], offset)
                # The first answer tells how far the backend's clock is ahead: a window that ended too early is moved.
                if self.sender.clock.offset_seconds - offset > CLOCK_SLACK_SECONDS:
                    samples = await latest(chunk[0], self.sender.clock.offset_seconds)
            except NotFound:  # died since we listed it, or there is no such call
                gone.append(chunk[0])
                return {}
            return {chunk[0]: samples[-1]} if samples else {}

        async def latest(sandbox_id: str, offset_seconds: float) -> list[wire.Metric]:
            now = self.sender.timing.now() + timedelta(seconds=offset_seconds)
            start = now - timedelta(seconds=look_back_seconds)
            return await self.metrics_history(
                sandbox_id, start, now, deadline_seconds=end - self.sender.timing.monotonic()
            )

        found = await bulk.read(fetch, ids, chunk=1, workers=self.workers, max_calls=max_calls)
        return replace(found, gone_ids=tuple(gone))

    async def metrics_history(
        self, sandbox_id: str, start: datetime, end: datetime, *, deadline_seconds: float | None = None
    ) -> list[wire.Metric]:
        """Buckets from `start` to `end` (aware), oldest first, each field its maximum; the newest may still change."""
        query = [("start", math.floor(start.timestamp())), ("end", math.ceil(end.timestamp()))]
        wanted = call("GET", "/sandboxes/{}/metrics", sandbox_id, query=query)
        samples = self.many(_METRIC, await self.sender.send(wanted, deadline_seconds))
        return sorted(samples, key=lambda sample: sample.timestamp_unix)

    async def templates(self) -> list[wire.Template]:
        """All templates: `GET /v2/templates` page by page, `GET /templates` where there is only that."""
        try:
            return await self._templates_v2()
        except (NotFound, Unsupported):
            return self.many(_TEMPLATE, await self.sender.send(call("GET", "/templates")))

    async def logs(
        self,
        sandbox_id: str,
        *,
        cursor: int | None = None,
        limit: int = 1000,
        direction: str | None = None,
        level: str | None = None,
        search: str | None = None,
    ) -> list[wire.LogLine]:
        """A sandbox's log from `cursor` (Unix ms), `forward` or `backward`, of at least `level`."""
        query = [
            ("cursor", cursor), ("limit", limit), ("direction", direction), ("level", level), ("search", search)
        ]  # fmt: skip
        try:
            reply = await self.sender.send(call("GET", "/v2/sandboxes/{}/logs", sandbox_id, query=query))
        except (NotFound, Unsupported):
            old = call("GET", "/sandboxes/{}/logs", sandbox_id, query=[("start", cursor), ("limit", limit)])
            reply = await self.sender.send(old)
            return old_logs.lines(_OLD_LOGS.one(reply.body), level=level, search=search)
        return list(_LOGS.one(reply.body).logs)

    async def _templates_v2(self) -> list[wire.Template]:
        found: dict[str, wire.Template] = {}
        token, seen = None, set[str]()
        while True:
            reply = await self.sender.send(call("GET", "/v2/templates", query=[("limit", PAGE), ("nextToken", token)]))
            found.update((template.template_id, template) for template in self.many(_TEMPLATE, reply))
            token = reply.headers.get("x-next-token")
            if not token:
                return list(found.values())
            if token in seen or len(seen) >= MOST_TEMPLATE_PAGES:
                raise NoProgress("The list of templates has no end: report it to the backend's operator")
            seen.add(token)
