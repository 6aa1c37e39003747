"""What an erasure leaves of an event and of a folded sandbox: the fields that are facts of the machine. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from events.fold import Base
from events.fold.base import json_text

KEPT_RAW: Final = frozenset({
    "id", "version", "type", "timestamp", "event_category", "event_label", "sandbox_id", "sandbox_execution_id",
    "sandbox_template_id", "sandbox_build_id", "sandbox_team_id", "eventCategory", "eventLabel", "sandboxId",
    "sandboxExecutionId", "sandboxTemplateId", "sandboxBuildId", "sandboxTeamId",
})  # fmt: skip
KEPT_DATA: Final = frozenset({
    "started_at", "state", "set_timeout", "ended_at", "dated_by", "kill_reason", "cpu_count", "memory_mb", "disk_mb",
    "envd_version", "backend_state", "listed_start", "deletes_at", "action_id",
})  # fmt: skip
KEPT_EXECUTION: Final = frozenset({"started_at", "execution_time", "vcpu_count", "memory_mb"})
_DATA: Final = ("event_data", "eventData")
_decode = msgspec.json.Decoder(Base).decode


def kept_facts(fold: str, metadata: dict[str, str]) -> str:
    """The sandbox's base with this metadata, as of when metadata were last reported, and without its alias."""
    base = _decode(fold)
    base.facts.pop("alias", None)
    if known := base.facts.get("metadata"):
        base.facts["metadata"] = msgspec.structs.replace(known, value=json_text(metadata))
    return msgspec.json.encode(base).decode()


def kept_fields(value: Any) -> Any:
    """The event, or its data, with known fields alone."""
    if not isinstance(value, dict):
        return None
    return dict(_kept(value))


def _kept(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if name in _DATA:
            yield name, kept_fields(one)
        elif name == "execution":
            yield name, _scalars(one, KEPT_EXECUTION.__contains__)
        elif (name in KEPT_RAW or name in KEPT_DATA) and not isinstance(one, dict | list):
            yield name, one


def _scalars(value: Any, known: Callable[[str], bool]) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    return {name: one for name, one in value.items() if known(name) and not isinstance(one, dict | list)}
