"""Snapshots over HTTP: taken of a running sandbox, listed in pages, deleted."""

import msgspec

from simulator import templates, wire
from simulator.errors import BadRequest, NotFound, NotSimulated
from simulator.router import Route, not_simulated
from simulator.snapshots import Snapshot
from simulator.wire import Request, Response
from simulator.world import Simulator


class NewSnapshot(msgspec.Struct, frozen=True):
    """The body; whether memory is captured makes no difference here."""

    name: str = ""
    memory: bool = True


class SnapshotInfo(msgspec.Struct, frozen=True):
    snapshot_id: str = msgspec.field(name="snapshotID")
    names: list[str]


def take(simulator: Simulator, request: Request) -> Response:
    """`POST /sandboxes/{id}/snapshots`: a name that a template has would change what the template starts."""
    asked, sandbox = request.json(NewSnapshot), simulator.sandbox(request.params["sandboxID"])
    if templates.named(simulator.templates, asked.name) is not None:
        raise NotSimulated(f"a snapshot that replaces the template '{asked.name}'")
    simulator.lifecycle.checkpoint(simulator.now(), sandbox)
    return wire.json(_info(simulator.snapshots.take(sandbox, asked.name)), 201)


def page(simulator: Simulator, request: Request) -> Response:
    """`GET /snapshots`: oldest first; the token is the template ID of the last one seen."""
    limit, token = request.whole("limit", 100, 1, 100), request.text("nextToken")
    found = simulator.snapshots.listed(request.text("sandboxID"), request.text("name"))
    known = [snapshot.template.id for snapshot in found]
    if token and token not in known:
        raise BadRequest("invalid next token")
    begin = known.index(token) + 1 if token else 0
    chosen = found[begin : begin + limit]
    more = begin + limit < len(found)
    headers = {"X-Next-Token": chosen[-1].template.id} if more else {}
    return wire.json([_info(snapshot) for snapshot in chosen], headers=headers)


def delete(simulator: Simulator, request: Request) -> Response:
    """`DELETE /templates/{id}`: the tag is ignored; 400 while a sandbox made from it lives."""
    name = request.params["templateID"]
    snapshot = simulator.snapshots.named(name)
    if snapshot is None:
        if templates.named(simulator.templates, name) is not None:
            raise NotSimulated("the deletion of templates")
        raise NotFound(f"template '{name}' not found")
    if any(sandbox.template.id == snapshot.template.id for sandbox in simulator.fleet):
        raise BadRequest(f"cannot delete template '{name}' because there are sandboxes using it")
    simulator.snapshots.delete(snapshot)
    return Response(204)


def _info(snapshot: Snapshot) -> SnapshotInfo:
    return SnapshotInfo(snapshot.id, snapshot.names)


ROUTES = (
    Route("POST", "/sandboxes/{sandboxID}/snapshots", take),
    Route("GET", "/snapshots", page),
    Route("DELETE", "/templates/{templateID}", delete),
    Route("DELETE", "/templates/tags", not_simulated),  # no template of that name
)
