"""Which endpoint a method and a path mean."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from simulator.errors import NotAllowed, NotFound, NotSimulated
from simulator.wire import Request, Response
from simulator.world import Simulator

# First segments of the calls that E2B has beside sandboxes, snapshots and events (its openapi.yml, and the SDK's).
_FAMILIES: Final = frozenset(
    ("templates", "default-templates", "volumes", "secrets", "teams", "nodes", "admin", "api-keys", "access-tokens")
)
Endpoint = Callable[[Simulator, Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """`path` has placeholders in braces; a route that is `limited` counts its requests, one that is `public` needs no
    key."""

    method: str
    path: str
    endpoint: Endpoint
    limited: bool = True
    public: bool = False


class Router:
    """Routes by their number of segments; a literal segment is preferred to a placeholder."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[int, list[tuple[list[str], Route]]] = {}
        for route in sorted(routes, key=lambda route: route.path.count("{")):
            segments = _segments(route.path)
            self._by_length.setdefault(len(segments), []).append((segments, route))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path that is still percent-encoded, and what stands at its placeholders.

        What E2B has and the simulator has not is a route that is answered 501. NotFound for anything else, NotAllowed
        when only the method is wrong.
        """
        asked, known_path = _segments(path), False
        for segments, route in self._by_length.get(len(asked), []):
            params = _match(segments, asked)
            if params is None:
                continue
            known_path = True
            if route.method == method:
                return route, params
        if unsimulated(asked):
            return Route(method, path, not_simulated, limited=False), {}
        if known_path:
            raise NotAllowed("method not allowed")
        raise NotFound("no matching operation was found")


def unsimulated(segments: list[str]) -> bool:
    """Whether E2B has calls below this path: `/volumes/…`, also with a version in front."""
    head = segments[1:] if re.fullmatch(r"v\d", segments[0]) else segments
    return bool(head) and head[0] in _FAMILIES


def not_simulated(_: Simulator, request: Request) -> Response:
    """501, in the shape of every other error."""
    raise NotSimulated(f"{request.method} {request.path}")


def _segments(path: str) -> list[str]:
    return [unquote(segment) for segment in path.strip("/").split("/")]


def _match(segments: list[str], asked: list[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for segment, given in zip(segments, asked, strict=True):
        if segment.startswith("{"):
            params[segment[1:-1]] = given
        elif segment != given:
            return None
    return params
