"""Structs as TypeScript, for the scripts that read them. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec import inspect

HEAD = """\
// The messages between pages and server, from dashboard/live/shapes.py: written by `manage.py live_types`.
"""
PLAIN: dict[type[inspect.Type], str] = {
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.StrType: "string",
    inspect.BoolType: "boolean",
    inspect.NoneType: "null",
}


def declarations(messages: Iterable[type[msgspec.Struct]], others: Iterable[type[msgspec.Struct]]) -> str:
    """The namespace `Live`: these structs and all they hold, and `Messages`, which are `messages` by their kind.

    Raises TypeError for a type that this module does not know.
    """
    messages = list(messages)
    known: dict[str, str] = {}
    for struct in [*messages, *others]:
        _declare(struct, known)
    kinds = "".join(f"    {struct.__struct_config__.tag}: {struct.__name__};\n" for struct in messages)
    body = "".join(known[name] for name in sorted(known))
    return f"{HEAD}declare namespace Live {{\n{body}  interface Messages {{\n{kinds}  }}\n}}\n"


def _declare(struct: type[msgspec.Struct], known: dict[str, str]) -> str:
    """Puts the struct's declaration, and those of what it holds, into `known`; its name."""
    name = struct.__name__
    if name in known:
        return name
    known[name] = ""
    told = inspect.type_info(struct)
    if not isinstance(told, inspect.StructType):
        raise TypeError(f"{name} is no struct")
    fields = [(field.encode_name + "?" * (not field.required), _type(field.type, known)) for field in told.fields]
    if told.array_like:
        known[name] = f"  type {name} = [{', '.join(f'{field}: {kind}' for field, kind in fields)}];\n"
    else:
        tag = [f'    {told.tag_field}: "{told.tag}";\n'] if told.tag_field else []
        lines = [f"    {field}: {kind};\n" for field, kind in fields]
        known[name] = f"  interface {name} {{\n{''.join([*tag, *lines])}  }}\n"
    return name


def _type(told: inspect.Type, known: dict[str, str]) -> str:
    plain = PLAIN.get(type(told))
    if plain:
        return plain
    match told:
        case inspect.Metadata(extra={"of": struct}) if issubclass(struct, msgspec.Struct):
            return _declare(struct, known)
        case inspect.StructType(cls=struct):
            return _declare(struct, known)
        case inspect.ListType(item_type=item):
            kind = _type(item, known)
            return f"({kind})[]" if " " in kind else f"{kind}[]"
        case inspect.DictType(value_type=value):
            return f"Record<string, {_type(value, known)}>"
        case inspect.LiteralType(values=values):
            return " | ".join(f'"{value}"' for value in values)
        case inspect.UnionType(types=types):
            return " | ".join(dict.fromkeys(_type(one, known) for one in types))
    raise TypeError(f"{told!r} has no TypeScript here")
