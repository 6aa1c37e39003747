"""A group and its figure, as every measure gives them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandboxes.alerts.rules import Figure

MOST_EXAMPLES: Final = 10


@dataclass(frozen=True)
class Measured:
    """One group: what it is told apart by, its figure, and `key`, which stays the same while the alert is the same."""

    group: Mapping[str, str]
    figure: Figure
    key: str = ""
    examples: Sequence[str] | None = None  # None: asked of the record once it fires


def key_of(group: Mapping[str, str]) -> str:
    """The text that a group is known by."""
    return json.dumps(dict(sorted(group.items())), ensure_ascii=False)


def one(group: Mapping[str, str], figure: Figure, examples: Sequence[str] | None = None) -> Measured:
    """A group known by its own values."""
    return Measured(group, figure, key_of(group), examples)


Told = Mapping[str, Any]
