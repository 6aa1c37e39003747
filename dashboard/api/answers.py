"""How a call succeeds: typed answers as JSON, and what OpenAPI tells of them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from dashboard.access.callers import Caller
from dashboard.api.errors import Namesakes, Problem
from dashboard.api.models import models_of

_encode = msgspec.json.Encoder(decimal_format="number").encode
_described: list[Any] = [Problem, Namesakes]
_REFERENCE = "#/components/schemas/{name}"


def answer(data: Any, status: int = 200) -> HttpResponse:
    """`data` (structs, dicts, times, numbers) as JSON; times become RFC 3339 in UTC."""
    return HttpResponse(_encode(data), status=status, content_type="application/json")


def nothing() -> HttpResponse:
    """Done, with nothing to tell."""
    return HttpResponse(status=204)


def returns(kind: Any, status: int = 200, *, takes_metadata: bool = False) -> dict[str, Any]:
    """Keywords for an operation that answers `kind` (a msgspec struct; None for no body) with `status`."""
    told: dict[str, Any] = {"default": _described_as(Problem, "An error")}
    if kind is not None:
        _described.append(kind)
        told[status] = _described_as(kind, "OK")  # type: ignore[index]
    extra: dict[str, Any] = {"responses": told}
    if takes_metadata:
        metadata = {"in": "query", "name": "metadata.KEY", "schema": {"type": "string"}, "required": False}
        told_why = "Any number of these: only sandboxes with this value under this metadata key."
        extra |= {"parameters": [metadata | {"description": told_why}], "x-takes-metadata": True}
    return {"response": {status: None}, "openapi_extra": extra}


def takes(kind: Any, keywords: dict[str, Any]) -> dict[str, Any]:
    """The keywords of `returns`, for an operation whose body is `kind` and which it reads by itself."""
    _described.append(kind)
    body = {"required": True, "content": _described_as(kind, "")["content"]}
    return keywords | {"openapi_extra": keywords["openapi_extra"] | {"requestBody": body}}


def schemas() -> dict[str, Any]:
    """The OpenAPI schemas of all answers, by name."""
    return models_of(_described, _REFERENCE)


def _described_as(kind: Any, description: str) -> dict[str, Any]:
    (reference,), _ = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def caller(request: HttpRequest) -> Caller:
    """Who calls; the door has let them in."""
    who: Caller = request.auth  # type: ignore[attr-defined]
    return who


def without(items: Sequence[msgspec.Struct], *names: str) -> list[dict[str, Any]]:
    """The structs as dicts that lack these fields."""
    return [{k: v for k, v in msgspec.structs.asdict(item).items() if k not in names} for item in items]
