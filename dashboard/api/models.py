"""msgspec's types as OpenAPI models: as its own schemas, with what is left out there of times, money and enums."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import inspect


def models_of(kinds: Sequence[Any], reference: str) -> dict[str, Any]:
    """The models of these types and of all that they hold, by name; `reference` has `{name}` in it."""
    found = msgspec.json.schema_components(kinds, ref_template=reference)[1]
    moments = {_name(one): _moments(one) for one in _objects(kinds)}
    for name, model in found.items():
        for field in moments.get(name, ()):
            _stamp(model["properties"][field])
    return {name: _plain(model) for name, model in found.items()}


def _objects(kinds: Iterable[Any]) -> Iterator[Any]:
    """Every struct and dataclass within these types, each once."""
    waiting, seen = [inspect.type_info(kind) for kind in kinds], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, inspect.StructType | inspect.DataclassType):
            if one.cls in seen:
                continue
            seen.add(one.cls)
            yield one
        waiting += _parts(one)


def _parts(one: Any) -> list[inspect.Type]:
    if isinstance(one, inspect.StructType | inspect.DataclassType):
        return [field.type for field in one.fields]
    if isinstance(one, inspect.UnionType):
        return list(one.types)
    if isinstance(one, inspect.TupleType):
        return list(one.item_types)
    names = ("item_type", "key_type", "value_type", "type")
    return [getattr(one, name) for name in names if isinstance(getattr(one, name, None), inspect.Type)]


def _name(one: Any) -> str:
    return str(one.cls.__name__)


def _moments(one: Any) -> list[str]:
    """The fields that are times; msgspec describes those as any text."""
    return [
        field.encode_name
        for field in one.fields
        if any(
            isinstance(part, inspect.DateTimeType)
            for part in (field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,))
        )
    ]


def _stamp(schema: dict[str, Any]) -> None:
    for part in schema.get("anyOf", [schema]):
        if part.get("type") == "string":
            part["format"] = "date-time"


def _plain(schema: Any) -> Any:
    """Money is written as numbers, where msgspec tells of decimals in text; an enum of words is text."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            return {"type": "number"}
        made = {name: _plain(part) for name, part in schema.items()}
        words = made.get("enum")
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            made = {"type": "string", **made}
        return made
    return [_plain(part) for part in schema] if isinstance(schema, list) else schema
