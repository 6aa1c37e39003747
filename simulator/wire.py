"""One HTTP request and one answer, as the endpoints see them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs, unquote

import msgspec

from simulator import rfc3339
from simulator.errors import BadRequest

Body = TypeVar("Body")
# Of a 64-bit integer, which is what E2B reads.
_MOST_DIGITS = 18
_ENCODER = msgspec.json.Encoder()


@dataclass(slots=True)
class Request:
    """What came in. `path` and `raw_path`, which is still percent-encoded, have the base path taken off; `params` are
    the placeholders of the route."""

    method: str
    path: str
    raw_path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return self.query.get(name, [default])[-1]

    def several(self, name: str) -> list[str]:
        """All values of a query parameter, repeated or separated by commas."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """An integer within bounds, else BadRequest."""
        value = self.number(name)
        if value is None:
            return default
        if not low <= value <= high:
            raise BadRequest(f"parameter '{name}' must be between {low} and {high}")
        return value

    def number(self, name: str) -> int | None:
        """An integer not below 0, or None when it was not sent; else BadRequest."""
        written = self.text(name)
        if not written:
            return None
        if not (written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS):
            raise BadRequest(f"parameter '{name}' must be an integer not below 0")
        return int(written)

    def flag(self, name: str) -> bool:
        written = self.text(name, "false")
        if written not in ("true", "false"):
            raise BadRequest(f"parameter '{name}' must be true or false")
        return written == "true"

    def moment(self, name: str) -> float | None:
        """Unix seconds of an RFC 3339 parameter, or None when it was not sent."""
        written = self.text(name)
        if not written:
            return None
        try:
            return rfc3339.seconds(written)
        except ValueError as error:
            raise BadRequest(f"parameter '{name}' must be an RFC 3339 time") from error

    def json(self, shape: type[Body]) -> Body:
        """The body in that shape; an empty one is read as `{}`."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest(f"Error when parsing request: {error}") from error


@dataclass(slots=True)
class Response:
    """What goes out; it is held back until `ready` (if any) says so."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    ready: Callable[[], bool] | None = None


def json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer with JSON in it."""
    return Response(status, _ENCODER.encode(content), headers or {})


def request(method: str, raw_path: bytes, query_string: bytes, headers: dict[str, str], body: bytes) -> Request:
    """A request from what ASGI gives; the placeholders in the path may be percent-encoded."""
    written = raw_path.decode("latin-1")
    query = parse_qs(query_string.decode("latin-1"), keep_blank_values=True)
    return Request(method, unquote(written), written, query, headers, body)
