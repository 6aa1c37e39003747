"""Which endpoint a method and a path mean."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator.errors import NotAllowed, NotFound
from simulator.wire import Request, Response
from simulator.world import Simulator

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
        """The route and what stands at its placeholders. NotFound, or NotAllowed when only the method is wrong."""
        asked, known_path = _segments(path), False
        for segments, route in self._by_length.get(len(asked), []):
            params = _match(segments, asked)
            if params is None:
                continue
            known_path = True
            if route.method == method:
                return route, params
        if known_path:
            raise NotAllowed("method not allowed")
        raise NotFound("no matching operation was found")


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _match(segments: list[str], asked: list[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for segment, given in zip(segments, asked, strict=True):
        if segment.startswith("{"):
            params[segment[1:-1]] = given
        elif segment != given:
            return None
    return params
