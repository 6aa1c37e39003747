"""Sandboxes, templates and events in the words of E2B's REST answers."""

import msgspec
from msgspec import UNSET, UnsetType, field

from simulator import events, rfc3339
from simulator.events import Event
from simulator.sandbox import OnTimeout, Sandbox, State


class VolumeMount(msgspec.Struct, frozen=True):
    name: str
    path: str


class Listed(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An entry of a list."""

    template_id: str = field(name="templateID")
    alias: str
    sandbox_id: str = field(name="sandboxID")
    client_id: str = field(name="clientID")
    started_at: str
    end_at: str
    cpu_count: int
    memory_mb: int = field(name="memoryMB")
    disk_size_mb: int = field(name="diskSizeMB")
    metadata: dict[str, str] | UnsetType = UNSET
    state: State
    envd_version: str
    volume_mounts: list[VolumeMount] = []


class Lifecycle(msgspec.Struct, frozen=True, rename="camel"):
    auto_resume: bool
    on_timeout: OnTimeout


class Detail(Listed, frozen=True, rename="camel", kw_only=True):
    """One sandbox on its own; `envd_access_token` is a secret of the sandbox."""

    domain: str | None = None
    envd_access_token: str | UnsetType = UNSET
    allow_internet_access: bool | UnsetType = UNSET
    lifecycle: Lifecycle


class Started(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The answer to a create, connect, resume or fork."""

    template_id: str = field(name="templateID")
    alias: str
    sandbox_id: str = field(name="sandboxID")
    client_id: str = field(name="clientID")
    envd_version: str
    envd_access_token: str | UnsetType = UNSET
    domain: str | None = None


class RestEvent(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A lifecycle event as the events endpoint tells it."""

    version: str = "v2"
    id: str
    type: str
    event_data: dict[str, object] | None
    sandbox_id: str
    sandbox_execution_id: str
    sandbox_template_id: str
    sandbox_build_id: str
    sandbox_team_id: str
    timestamp: str


def listed(sandbox: Sandbox) -> Listed:
    return Listed(**_common(sandbox))  # type: ignore[arg-type]


def detail(sandbox: Sandbox, domain: str) -> Detail:
    """As `GET /sandboxes/{id}` has it; a paused one names no domain."""
    return Detail(
        **_common(sandbox),  # type: ignore[arg-type]
        domain=domain if sandbox.state == "running" else None,
        envd_access_token=sandbox.token or UNSET,
        allow_internet_access=UNSET if sandbox.internet is None else sandbox.internet,
        lifecycle=Lifecycle(sandbox.auto_resume, sandbox.on_timeout),
    )


def started(sandbox: Sandbox, domain: str) -> Started:
    """`domain` is where the SDK sends commands and files; without one it takes e2b.app."""
    return Started(
        domain=domain,
        template_id=sandbox.template.id,
        alias=sandbox.template.alias,
        sandbox_id=sandbox.id,
        client_id=sandbox.client_id,
        envd_version=sandbox.template.envd_version,
        envd_access_token=sandbox.token or UNSET,
    )


def rest_event(event: Event, team_id: str) -> RestEvent:
    return RestEvent(
        id=event.id,
        type=events.PREFIX + event.kind,
        event_data=event.data,
        sandbox_id=event.sandbox_id,
        sandbox_execution_id=event.execution_id,
        sandbox_template_id=event.template_id,
        sandbox_build_id=event.build_id,
        sandbox_team_id=team_id,
        timestamp=rfc3339.text(event.at),
    )


def _common(sandbox: Sandbox) -> dict[str, object]:
    template = sandbox.template
    return {
        "template_id": template.id,
        "alias": template.alias,
        "sandbox_id": sandbox.id,
        "client_id": sandbox.client_id,
        "started_at": rfc3339.text(sandbox.started, sandbox.nanos),
        "end_at": rfc3339.text(sandbox.end_at, sandbox.nanos),
        "cpu_count": template.cpu_count,
        "memory_mb": template.memory_mb,
        "disk_size_mb": template.disk_mb,
        "metadata": sandbox.metadata or UNSET,
        "state": sandbox.page or sandbox.state,
        "envd_version": template.envd_version,
    }
