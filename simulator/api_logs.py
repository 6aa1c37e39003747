"""Logs of one sandbox, v2 structured and v1 as the CLI reads it."""

from collections.abc import Iterable
from itertools import islice

import msgspec

from simulator import logs, rfc3339, wire
from simulator.errors import BadRequest, NotFound
from simulator.logs import Entry, Line
from simulator.router import Route
from simulator.wire import Request, Response
from simulator.world import Simulator

_MOST = 1000


class OldLine(msgspec.Struct, frozen=True):
    """A line of v1; `line` is JSON in itself."""

    timestamp: str
    line: str


class OldLogs(msgspec.Struct, frozen=True, rename="camel"):
    logs: list[OldLine]
    log_entries: list[Entry]


class Logs(msgspec.Struct, frozen=True):
    logs: list[Entry]


def page(simulator: Simulator, request: Request) -> Response:
    """`GET /v2/sandboxes/{id}/logs`: from `cursor` (ms) on, or backward from it, of a level or graver."""
    cursor, limit = request.number("cursor"), request.whole("limit", _MOST, 0, _MOST)
    direction, search = request.text("direction", "forward"), request.text("search")
    if direction not in ("forward", "backward"):
        raise BadRequest("direction must be forward or backward")
    wanted = _of_level(_lines(simulator, request), request.text("level", "debug"))
    found: Iterable[Line] = (line for line in wanted if search in line.message)
    if direction == "backward":
        held = [line for line in found if cursor is None or line.at * 1000 <= cursor]
        found = reversed(held)
    else:
        found = (line for line in found if cursor is None or line.at * 1000 >= cursor)
    return wire.json(Logs([logs.entry(line) for line in islice(found, limit)]))


def old(simulator: Simulator, request: Request) -> Response:
    """`GET /sandboxes/{id}/logs`: from `start` (ms) on."""
    start, limit = request.number("start") or 0, request.number("limit")
    found = (line for line in _lines(simulator, request) if line.at * 1000 >= start)
    chosen = list(islice(found, _MOST if limit is None else limit))
    return wire.json(OldLogs([_old_line(line) for line in chosen], [logs.entry(line) for line in chosen]))


def _lines(simulator: Simulator, request: Request) -> Iterable[Line]:
    asked = request.params["sandboxID"]
    sandbox = simulator.fleet.known(asked) or simulator.fleet.known(asked.split("-", 1)[0])
    if sandbox is None:
        raise NotFound(f"sandbox '{asked}' not found")
    return logs.lines(sandbox, simulator.now())


def _of_level(lines: Iterable[Line], level: str) -> Iterable[Line]:
    known = next((one for one in logs.LEVELS if one == level), None)
    if known is None:
        raise BadRequest("level must be debug, info, warn or error")
    grave = logs.at_least(known)
    return (line for line in lines if line.level in grave)


def _old_line(line: Line) -> OldLine:
    at = rfc3339.text(line.at)
    content = {"timestamp": at, "level": line.level, "message": line.message, **line.fields}
    return OldLine(at, msgspec.json.encode(content).decode())


ROUTES = (
    Route("GET", "/v2/sandboxes/{sandboxID}/logs", page),
    Route("GET", "/sandboxes/{sandboxID}/logs", old),
)
