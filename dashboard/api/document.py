"""The OpenAPI document as generators need it: one name a model, no unused ones, times as times, keys on every POST."""

from collections.abc import Iterator
from typing import Any, Final

from dashboard.api.idempotency import MAX_KEY_LENGTH

_REFERENCE: Final = "#/components/schemas/"
_ACCOUNT: Final = {
    "in": "query",
    "name": "account",
    "required": False,
    "schema": {"type": "string"},
    "description": "Its account: needed only where several backends have a sandbox of this ID (300).",
}
_ONCE: Final = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    "description": "The same key and body get the first answer again for 24 hours; another body under it is 409.",
}


class NameTaken(Exception):
    """Two models of the document have one name: a generated client would send the wrong one."""


def complete(schema: dict[str, Any], answers: dict[str, Any]) -> None:
    """Adds the models of the answers, and what ninja does not know of the calls; drops models that no call uses.

    Raises NameTaken when two models share a name, or one is named by its module because of another.
    """
    models = schema["components"]["schemas"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            _describe(path, method, operation)
    for name, model in answers.items():
        if "." in name or models.get(name, model) != model:
            raise NameTaken(name)
        models[name] = model
    used = _used(schema["paths"], models)
    schema["components"]["schemas"] = {name: model for name, model in sorted(models.items()) if name in used}


def _describe(path: str, method: str, operation: dict[str, Any]) -> None:
    if "{sandbox_id}" in path:
        operation.setdefault("parameters", []).append(_ACCOUNT)
        operation["responses"]["300"] = _namesakes("Several backends have this ID: `account` decides.")
    if operation.get("operationId") == "request_bulk_action":
        operation["responses"]["300"] = _namesakes("Several backends have one of the `ids`: a `filter` decides.")
    if method == "post":
        operation.setdefault("parameters", []).append(_ONCE)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["schema"] = _without_null(content["schema"])


def _namesakes(description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"{_REFERENCE}Namesakes"}}}
    return {"description": description, "content": content}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A body that may be left out is not required; described as null too, generated clients always send one."""
    some = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return some[0] if len(some) == 1 else schema


def _used(paths: Any, models: dict[str, Any]) -> set[str]:
    """The names that the calls refer to, and those that these refer to."""
    used: set[str] = set()
    waiting = set(_names(paths))
    while waiting:
        used |= waiting
        waiting = {inner for name in waiting for inner in _names(models[name])} - used
    return used


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REFERENCE)
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _names(one)
