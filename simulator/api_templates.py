"""The team's templates, all at once or in pages, and whether the API is well."""

import msgspec

from simulator import rfc3339, wire
from simulator.errors import BadRequest
from simulator.router import Route
from simulator.templates import Template
from simulator.wire import Request, Response
from simulator.world import Simulator

_DAY_SECONDS = 86_400


class TemplateDetail(msgspec.Struct, frozen=True, rename="camel"):
    """A template as E2B lists it."""

    template_id: str = msgspec.field(name="templateID")
    build_id: str = msgspec.field(name="buildID")
    cpu_count: int
    memory_mb: int = msgspec.field(name="memoryMB")
    disk_size_mb: int = msgspec.field(name="diskSizeMB")
    public: bool
    aliases: list[str]
    names: list[str]
    created_at: str
    updated_at: str
    created_by: None
    last_spawned_at: str | None
    spawn_count: int
    build_count: int
    envd_version: str
    build_status: str


def every(simulator: Simulator, _request: Request) -> Response:
    """`GET /templates`."""
    return wire.json([_detail(simulator, template) for template in simulator.templates])


def page(simulator: Simulator, request: Request) -> Response:
    """`GET /v2/templates`: in pages; the token is the ID of the last one seen."""
    limit, token = request.whole("limit", 100, 1, 100), request.text("nextToken")
    names = [template.id for template in simulator.templates]
    if token and token not in names:
        raise BadRequest("invalid next token")
    begin = names.index(token) + 1 if token else 0
    chosen = simulator.templates[begin : begin + limit]
    more = begin + limit < len(names)
    headers = {"X-Next-Token": chosen[-1].id} if more else {}
    return wire.json([_detail(simulator, template) for template in chosen], headers=headers)


class AliasOf(msgspec.Struct, frozen=True):
    template_id: str = msgspec.field(name="templateID")
    public: bool


def alias(simulator: Simulator, request: Request) -> Response:
    """`GET /templates/aliases/{alias}`: how the SDK's `Template.exists` asks; of a snapshot's name too."""
    return wire.json(AliasOf(simulator.template(request.params["alias"]).id, public=False))


def health(_simulator: Simulator, _request: Request) -> Response:
    """`GET /health`."""
    return Response(204)


def _detail(simulator: Simulator, template: Template) -> TemplateDetail:
    now = simulator.now()
    count, last = simulator.lifecycle.spawned.get(template.id, (0, None))
    return TemplateDetail(
        template_id=template.id,
        build_id=template.build_id,
        cpu_count=template.cpu_count,
        memory_mb=template.memory_mb,
        disk_size_mb=template.disk_mb,
        public=False,
        aliases=[template.alias],
        names=[template.alias],
        created_at=rfc3339.text(now // _DAY_SECONDS * _DAY_SECONDS - template.age_days * _DAY_SECONDS),
        updated_at=rfc3339.text(now // _DAY_SECONDS * _DAY_SECONDS - template.age_days * _DAY_SECONDS // 7),
        created_by=None,
        last_spawned_at=None if last is None else rfc3339.text(last),
        spawn_count=count,
        build_count=1 + template.age_days // 20,
        envd_version=template.envd_version,
        build_status="ready",
    )


ROUTES = (
    Route("GET", "/templates", every),
    Route("GET", "/v2/templates", page),
    Route("GET", "/templates/aliases/{alias}", alias),
    Route("GET", "/health", health, limited=False, public=True),
)
