"""From bytes to structs: one fast strict pass, and a patient one for answers that are only a little off.

The patient pass takes what compatible backends really send: null for a missing field, NaN, numbers in quotes, an
empty text for a time, metadata that is no text. It also replaces what PostgreSQL can't store in a text (NUL and lone
surrogates). A bad optional field costs that field, an unreadable entry costs that entry, and both are reported by name.
"""

import json
import re
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
import msgspec.structs

from sandboxes.e2b.doubts import Doubts
from sandboxes.e2b.errors import BadAnswer

T = TypeVar("T")

# JSON can only write these escaped. (Pairs of surrogates, as of an emoji, are fine and only cost the patient pass.)
_MAY_BE_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Decoder(Generic[T]):
    """Reads one shape; made once per shape at import, since building a decoder costs more than a page.

    `optional` names the fields, as the backend spells them, that may be left out when they can't be read. What decides
    about a sandbox (its ID, its state, its figures) is never among them: a made-up value would be worse than none.
    """

    def __init__(self, shape: type[T], optional: Collection[str] = ()) -> None:
        self.shape = shape
        self._optional = frozenset(optional)
        self._one = msgspec.json.Decoder(shape)
        self._many = msgspec.json.Decoder(list[shape])  # type: ignore[valid-type]

    def one(self, body: bytes) -> T:
        """Raises BadAnswer when the body is not this shape."""
        if not _MAY_BE_UNSTORABLE.search(body):
            with suppress(msgspec.MsgspecError, UnicodeDecodeError):  # then the patient pass decides
                return self._one.decode(body)
        return self._patiently(_any_json(body), Doubts())

    def many(self, body: bytes) -> tuple[list[T], Doubts]:
        """The readable entries of a JSON array, and what of it could not be read.

        Raises BadAnswer when it is no array.
        """
        if not _MAY_BE_UNSTORABLE.search(body):
            with suppress(msgspec.MsgspecError, UnicodeDecodeError):  # then the patient pass decides
                return self._many.decode(body), Doubts()
        entries = _any_json(body)
        if not isinstance(entries, list):
            raise BadAnswer(f"{_ODD} (a list of {self.shape.__name__} was expected, not {_kind(entries)})")
        doubts = Doubts()
        read = [self._or_none(entry, doubts) for entry in entries]
        return [entry for entry in read if entry is not None], doubts

    def keyed(self, body: bytes, field: str) -> tuple[dict[str, T], Doubts]:
        """The readable values of the object in `field`, by key, and what of it could not be read.

        For when one bad value has spoilt the whole. Raises BadAnswer when there is no such object.
        """
        outer = _any_json(body)
        values = outer.get(field) if isinstance(outer, dict) else None
        if not isinstance(values, dict):
            raise BadAnswer(f"{_ODD} (an object in {field!r} was expected)")
        doubts = Doubts()
        read = {key: self._or_none(value, doubts) for key, value in values.items()}
        return {key: value for key, value in read.items() if value is not None}, doubts

    def _or_none(self, entry: Any, doubts: Doubts) -> T | None:
        try:
            return self._patiently(entry, doubts)
        except BadAnswer:
            doubts.entry(entry)
            return None

    def _patiently(self, value: Any, doubts: Doubts) -> T:
        tidy = _tidy(value)
        try:
            return msgspec.convert(tidy, self.shape, strict=False)
        except msgspec.ValidationError as error:
            bad = self._unreadable_fields(tidy)
            rest = {name: field for name, field in tidy.items() if name not in bad} if bad else tidy
            try:
                read = msgspec.convert(rest, self.shape, strict=False)
            except msgspec.ValidationError:
                raise BadAnswer(f"{_ODD} ({self.shape.__name__}: {error})") from None
        for name in bad:
            doubts.field(name, rest)
        return read

    def _unreadable_fields(self, tidy: Any) -> list[str]:
        """The optional fields of an object that their type can't hold."""
        if not isinstance(tidy, dict):
            return []
        types = _types(self.shape)  # type: ignore[arg-type]  # a class is hashable
        return [name for name in tidy if name in self._optional and not _fits(tidy[name], types[name])]


@cache
def _types(shape: Any) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(shape)}


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return False
    return True


_ODD = "The backend's answer has a shape that is not E2B's: check the base URL and the backend's version"


def _any_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadAnswer(f"The backend's answer is {_looks_like(body)}: check the base URL, or try again") from None


def _looks_like(body: bytes) -> str:
    start = body[:256].lstrip().lower()
    if not start:
        return "empty"
    return "a web page, not the API" if start.startswith(b"<") else "broken or cut off JSON"


def _tidy(value: Any) -> Any:
    """Without what is missing in disguise; texts storable."""
    if isinstance(value, list):
        return [_tidy(entry) for entry in value]
    if isinstance(value, dict):
        return {_tidy(key): _tidy_field(key, field) for key, field in value.items() if not _is_missing(key, field)}
    return _storable(value)


def _is_missing(key: str, field: Any) -> bool:
    return field is None or (field == "" and (key.endswith("At") or key == "timestamp"))


def _tidy_field(key: str, field: Any) -> Any:
    if key == "eventData":
        return _storable(field)  # nothing is left out of it
    if key in {"metadata", "fields"} and isinstance(field, dict):
        return _storable({name: text if isinstance(text, str) else json.dumps(text) for name, text in field.items()})
    return _tidy(field)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(entry) for entry in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(field) for key, field in value.items()}
    return value


def _kind(value: Any) -> str:
    return {dict: "an object", str: "a text", type(None): "null"}.get(type(value), "a number")
