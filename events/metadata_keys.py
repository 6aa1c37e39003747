"""Cuts metadata down to an account's `store_metadata_keys` before anything of it is stored. Pure.

Whatever lies under a name of METADATA in an event counts as metadata, at any depth. Signatures are verified before, on
the bytes as they came.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec

from events.wire import Event, NotOneObject, parse_body

METADATA: Final = frozenset({"sandbox_metadata", "sandboxMetadata", "metadata"})
# What an event that can't be read holds under these is only kept where it is an object, whose metadata can be cut.
DATA: Final = ("event_data", "eventData")
Keys = Collection[str] | None
_encode = msgspec.json.Encoder().encode


def cut_words(metadata: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """The metadata under `keys`; all of it for None."""
    return metadata if keys is None else {key: value for key, value in metadata.items() if key in keys}


def cut(value: Any, keys: Keys) -> Any:
    """The same JSON value with all metadata in it cut to `keys`; metadata that is no object becomes an empty one."""
    if keys is None:
        return value
    if isinstance(value, list):
        return [cut(one, keys) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _metadata(one, keys) if name in METADATA else cut(one, keys) for name, one in value.items()}


def cut_event(event: Event, keys: Keys) -> Event:
    """The event with the metadata in `data` and `raw` cut; otherwise `raw` keeps its form."""
    if keys is None:
        return event
    raw = msgspec.json.decode(event.raw) if isinstance(event.raw, msgspec.Raw) else event.raw
    return msgspec.structs.replace(event, data=cut(event.data, keys), raw=cut(raw, keys))


def cut_body(body: bytes, keys: Keys) -> bytes:
    """A body as JSON with its metadata cut; empty where it is not one JSON object and so can't be cut."""
    if keys is None:
        return body
    try:
        found = parse_body(body)
    except NotOneObject:
        return b""
    kept = {name: {} if name in DATA and not isinstance(one, dict) else one for name, one in found.items()}
    return _encode(cut(kept, keys))


def _metadata(value: Any, keys: Collection[str]) -> dict[str, Any]:
    return cut_words(value, keys) if isinstance(value, dict) else {}
