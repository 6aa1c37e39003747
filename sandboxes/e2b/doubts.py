"""What of a backend's answers could not be read or can't be true: counted by name, with an example for each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

EXAMPLE_CHARACTERS = 80
UNLISTED = "not listed"  # a sandbox that no page holds, though GET shows it alive


@dataclass
class Doubt:
    """`count` times the same thing, and the first sandbox (or what stood in its place) that it was seen on."""

    count: int = 0
    example: str = ""


@dataclass
class Doubts:
    """By what was doubted: a field that we know, as the backend spells it, or `entry` for a whole one without an ID."""

    found: dict[str, Doubt] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.found)

    @property
    def entries(self) -> int:
        """How many whole entries were left out."""
        return self.found["entry"].count if "entry" in self.found else 0

    def field(self, name: str, entry: dict[str, Any]) -> None:
        """A field of this entry was left out."""
        self.note(name, str(entry.get("sandboxID") or entry.get("templateID") or entry.get("id") or ""))

    def entry(self, entry: Any) -> None:
        """A whole entry was left out."""
        named = entry.get("sandboxID") if isinstance(entry, dict) else entry
        self.note("entry", str(named))

    def note(self, name: str, example: str) -> None:
        """Counts one more."""
        doubt = self.found.setdefault(name, Doubt())
        doubt.count += 1
        doubt.example = doubt.example or example[:EXAMPLE_CHARACTERS]

    def add(self, other: "Doubts") -> None:
        """With those of another answer."""
        for name, doubt in other.found.items():
            mine = self.found.setdefault(name, Doubt())
            mine.count += doubt.count
            mine.example = mine.example or doubt.example

    def to_list(self) -> list[dict[str, Any]]:
        """As it is kept: `[{"what", "count", "example"}]`, the most frequent first."""
        ordered = sorted(self.found.items(), key=lambda pair: (-pair[1].count, pair[0]))
        return [{"what": name, "count": doubt.count, "example": doubt.example} for name, doubt in ordered]


def together(all_doubts: Iterable[Doubts]) -> Doubts:
    """Those of several answers, added up."""
    total = Doubts()
    for one in all_doubts:
        total.add(one)
    return total
