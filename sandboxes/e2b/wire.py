"""E2B's answers as typed, frozen structs: unknown fields ignored, missing ones tolerated, secrets never kept.

Times are aware and in UTC (nanoseconds are rounded to microseconds). Shapes: `openapi.yml` of e2b-dev/infra and
`openapi.argus.yaml` of e2b-dev/dashboard. The access token that comes with a sandbox's details has no field here,
and neither have network rules, which can carry credentials.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec.structs import force_setattr


def _as_e2b_spells_it(name: str) -> str:
    """`sandbox_id` → `sandboxID`, `memory_mb` → `memoryMB`, `started_at` → `startedAt`."""
    first, *rest = name.split("_")
    return first + "".join(word.upper() if word in {"id", "mb"} else word.capitalize() for word in rest)


class _Timed(msgspec.Struct, frozen=True):
    """Turns every time into UTC; one before 1970 (Go's zero time) or after 9990 means that there is none."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, datetime):
                force_setattr(self, name, _in_utc(value))


def _in_utc(time: datetime) -> datetime | None:
    if not 1970 <= time.year <= 9990:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


# What a path can carry as one part, and our pages as an address: `..` would name another call, `/` another page.
# `namespace--name` of Kubernetes (OpenKruise) takes 63 + 2 + 253 characters.
MAX_SANDBOX_ID = 320
SANDBOX_ID = rf"^(?!\.{{1,2}}\Z)[^/\\\x00-\x1f\x7f]{{1,{MAX_SANDBOX_ID}}}\Z"
SandboxID = Annotated[str, msgspec.Meta(pattern=SANDBOX_ID)]


# Backends' own words, read without regard to case; whatever else they say is `unknown`.
RUNNING, PAUSED, DEAD, UNKNOWN = "running", "paused", "dead", "unknown"
_STATES = {"running": RUNNING, "paused": PAUSED, "dead": DEAD, "killed": DEAD, "terminated": DEAD, "": ""}
_LONGEST_WORD = 64
# An end before 2000 is a zero or a default (CubeSandbox: Unix time 0), one further ahead than this is "never" in other
# words (Dormice: a year from each read).
NO_END_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_AHEAD = timedelta(days=90)


class ListedSandbox(_Timed, frozen=True, kw_only=True, rename=_as_e2b_spells_it):
    """One entry of `GET /v2/sandboxes`. `started_at` is the start of the current or last run.

    `state` is `running`, `paused`, `dead` or `unknown`, empty when the backend gave none; `backend_state` is its own
    word. `end_at` is as given: read `planned_end` and `deletes_at`.
    """

    sandbox_id: SandboxID
    template_id: str = ""
    alias: str | None = None
    client_id: str = ""
    started_at: datetime | None = None
    end_at: datetime | None = None
    cpu_count: int | float | None = None
    memory_mb: int | float | None = None
    disk_size_mb: int | float | None = None
    state: str = ""
    metadata: dict[str, str] = {}
    envd_version: str = ""
    backend_state: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.state not in (RUNNING, PAUSED):
            force_setattr(self, "backend_state", self.state[:_LONGEST_WORD])
            force_setattr(self, "state", _STATES.get(self.state.strip().casefold(), UNKNOWN))
        # An old form of E2B's IDs ends in the entry's own client ID, which is not part of it.
        if self.client_id and self.sandbox_id.endswith(f"-{self.client_id}"):
            force_setattr(self, "sandbox_id", self.sandbox_id.removesuffix(f"-{self.client_id}"))

    def planned_end(self, read_at: datetime) -> datetime | None:
        """When the backend will end this run, as read at `read_at` (the backend's clock); None when it has no end.

        No end: none given, paused, before 2000 or before the start, more than 90 days ahead.
        """
        return None if self.state == PAUSED else self._sound_end(read_at)

    def deletes_at(self, read_at: datetime) -> datetime | None:
        """When the backend will delete a paused one: where its `endAt` is ahead (Dormice, OpenKruise, ROCK)."""
        end = self._sound_end(read_at) if self.state == PAUSED else None
        return end if end is not None and end > read_at else None

    def _sound_end(self, read_at: datetime) -> datetime | None:
        end, start = self.end_at, self.started_at
        if end is None or end < NO_END_BEFORE or end > read_at + LONGEST_AHEAD:
            return None
        return None if start is not None and end < start else end


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What happens at the end of a sandbox's time: `on_timeout` is `kill` or `pause`."""

    auto_resume: bool | None = None
    on_timeout: str = ""


class SandboxInfo(ListedSandbox, frozen=True, kw_only=True, rename=_as_e2b_spells_it):
    """`GET /sandboxes/{id}`: what the list says and a little more."""

    domain: str | None = None
    allow_internet_access: bool | None = None
    lifecycle: Lifecycle | None = None


class Metric(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """One sample. CPU in percent of all cores together; memory and disk in bytes, as given.

    0 in `mem_cache` or in the disk's fields can mean unknown (old agents); `mem_cache` is None on older backends.
    """

    timestamp_unix: int | float = 0
    timestamp: datetime | None = None
    cpu_count: int | float = 0
    cpu_used_pct: float = 0.0
    mem_used: int | float = 0
    mem_total: int | float = 0
    mem_cache: int | float | None = None
    disk_used: int | float = 0
    disk_total: int | float = 0

    def __post_init__(self) -> None:
        if not self.timestamp_unix and self.timestamp is not None:
            force_setattr(self, "timestamp_unix", int(self.timestamp.timestamp()))
        # A disk that can't be true is not known; it spoils no other figure of the sample.
        if not (0 <= self.disk_used < math.inf and 0 <= self.disk_total < math.inf):
            force_setattr(self, "disk_used", 0)
            force_setattr(self, "disk_total", 0)


def is_plausible(metric: Metric) -> bool:
    """Finite, not negative, with a time: fit to be stored. Numbers above a total are left to the caller."""
    most = math.inf  # written out, it is asked ten thousand times a tick; no comparison with NaN holds
    return (
        0 < metric.timestamp_unix < 1 << 33
        and 0 <= metric.cpu_used_pct < most
        and 0 <= metric.mem_used < most
        and 0 <= metric.mem_total < most
    )


class MetricsById(msgspec.Struct, frozen=True):
    """The bulk answer: the latest sample of each sandbox that has one."""

    sandboxes: dict[str, Metric]


class Event(_Timed, frozen=True, kw_only=True, rename="camel"):
    """A lifecycle event in the REST spelling (camelCase; a webhook's body has other keys)."""

    id: str
    timestamp: datetime
    sandbox_id: str
    version: str = ""
    type: str = ""
    event_category: str = ""
    event_label: str = ""
    event_data: dict[str, Any] | None = None
    sandbox_execution_id: str = ""
    sandbox_template_id: str = ""
    sandbox_build_id: str = ""
    sandbox_team_id: str = ""


class Webhook(_Timed, frozen=True, kw_only=True, rename="camel"):
    """A webhook as it reads back: never with its secret. Both spellings of the team's ID end in `team_id`."""

    id: str
    url: str = ""
    name: str = ""
    team_id: str = ""
    team_id_in_capitals: str = msgspec.field(default="", name="teamID")
    created_at: datetime | None = None
    enabled: bool = True
    events: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.team_id:
            force_setattr(self, "team_id", self.team_id_in_capitals)


class DeliveryAttempt(_Timed, frozen=True, kw_only=True, rename="camel"):
    """One try to deliver one event; `status` is `success` or `failed`."""

    status: str = ""
    timestamp: datetime | None = None
    duration_ms: int | float = 0
    request_body: str = ""
    response_http_status_code: int | None = None
    error_class: str | None = None
    error_message: str | None = None


class WebhookDeliveryGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event with all tries to deliver it: it is lost only when none succeeded."""

    event_id: str
    event_type: str = ""
    sandbox_id: str = ""
    attempts: tuple[DeliveryAttempt, ...] = ()

    @property
    def arrived(self) -> bool:
        return any(attempt.status == "success" for attempt in self.attempts)


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of deliveries; `next_cursor` is None on the last."""

    data: tuple[WebhookDeliveryGroup, ...]
    next_cursor: str | None = None


class DeliveryDuration(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds."""

    minimum: float = 0.0
    average: float = 0.0
    maximum: float = 0.0


class DeliveryBucket(_Timed, frozen=True, kw_only=True, rename="camel"):
    """Attempts in one span of time."""

    timestamp: datetime
    total: int = 0
    failed: int = 0
    duration_ms: DeliveryDuration = DeliveryDuration()


class DeliveryStats(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Attempts of one webhook over the span asked for, the last 24 h by default."""

    total: int
    failed: int = 0
    duration_ms: DeliveryDuration = DeliveryDuration()
    buckets: tuple[DeliveryBucket, ...] = ()


class LogLine(_Timed, frozen=True, kw_only=True):
    """One line of a sandbox's log; `level` is debug, info, warn or error."""

    timestamp: datetime | None = None
    level: str = ""
    message: str = ""
    fields: dict[str, str] = {}


class LogLines(msgspec.Struct, frozen=True):
    """`GET /v2/sandboxes/{id}/logs`."""

    logs: tuple[LogLine, ...]


class OldLogLine(_Timed, frozen=True):
    """A line of the first version's answer: `line` is mostly a JSON object in text."""

    timestamp: datetime | None = None
    line: str = ""


class OldLogLines(msgspec.Struct, frozen=True, rename="camel"):
    """`GET /sandboxes/{id}/logs`: the same lines once raw and, on newer backends, once in fields."""

    logs: tuple[OldLogLine, ...] = ()
    log_entries: tuple[LogLine, ...] = ()


class Template(_Timed, frozen=True, kw_only=True, rename=_as_e2b_spells_it):
    """A template that sandboxes are made from."""

    template_id: str
    build_id: str = ""
    names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    cpu_count: int | float | None = None
    memory_mb: int | float | None = None
    disk_size_mb: int | float | None = None
    public: bool = False
    build_status: str = ""
    spawn_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_spawned_at: datetime | None = None
