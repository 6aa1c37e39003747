"""One call to the API as data: where it goes, under which route its rate is counted, what it may change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from sandboxes.e2b.errors import BadRequest

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Call:
    """`path` is relative to the base URL and already encoded; `route` is the path before its IDs were put in."""

    method: str
    path: str
    route: str
    query: Query = ()
    body: Mapping[str, Any] | None = None
    # A 429 on these can mean "too many concurrent sandboxes" instead of "too many calls".
    starts_a_sandbox: bool = False
    # "It is not there" is as good as done.
    absence_is_an_answer: bool = False

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def name(self) -> str:
        """What its rate is counted under."""
        return f"{self.method} {self.route}"

    @property
    def shown(self) -> str:
        """For messages."""
        return f"{self.method} {self.path}"


def call(
    method: str,
    route: str,
    *ids: str,
    query: Sequence[tuple[str, object]] = (),
    body: Mapping[str, Any] | None = None,
    starts_a_sandbox: bool = False,
) -> Call:
    """A call to `route`, whose `{}` are filled with `ids`; query entries whose value is None are left out.

    Raises BadRequest when an ID can't stand in a path.
    """
    path = route.format(*(_segment(one) for one in ids))
    given = tuple((key, str(value)) for key, value in query if value is not None)
    return Call(method, path, route, given, body, starts_a_sandbox)


def _segment(text: str) -> str:
    # A dot segment would be resolved away, and the call would hit another path than the one meant.
    if text in {"", ".", ".."}:
        raise BadRequest(f"{text!r} is not an ID: nothing was sent")
    return quote(text, safe="")


def metadata_query(metadata: Mapping[str, str] | None) -> str | None:
    """The `metadata` filter of the list: keys and values percent-encoded, then the pairs form-encoded.

    The third layer is the encoding of the whole as one query value, as for every other one. None for no filter.
    """
    if not metadata:
        return None
    return urlencode([(quote(key), quote(value)) for key, value in metadata.items()])


def rfc3339(time: datetime | None) -> str | None:
    """A time as the API takes it; None stays None. Raises ValueError for a time without a zone."""
    if time is None:
        return None
    if time.tzinfo is None:
        raise ValueError("a time for the API needs a zone")
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
