"""Whether a text names an owner, one of the owner's sandboxes, or a value that only the owner's metadata hold. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, quote_plus

# `alice` is not mentioned in `alice-smith`, `alice.smith` or `malice`; at the end of a sentence it is.
_BEFORE: Final = r"(?<![\w-])(?<!\w[.@+])"
_AFTER: Final = r"(?![\w-]|[.@+]\w)"
_NOTHING: Final = re.compile(r"(?!)")
_WORD: Final = re.compile(r"[^\s\"'=&?/\\,;:()<>\[\]{}]+")


class Mentions:
    """`owner` and `values` are looked for in any text, plain, in JSON and in addresses; `ids` as whole words."""

    def __init__(self, owner: str, values: Iterable[str] = (), ids: Iterable[str] = ()) -> None:
        self.owner, self.values, self.ids = owner, tuple(values), frozenset(ids)

    @cached_property
    def _names(self) -> re.Pattern[str]:
        words = dict.fromkeys(spelling for name in (self.owner, *self.values) if name for spelling in spellings(name))
        if not words:
            return _NOTHING
        longest_first = sorted(words, key=len, reverse=True)
        return re.compile(f"{_BEFORE}(?:{'|'.join(map(re.escape, longest_first))}){_AFTER}")

    def in_text(self, text: str) -> bool:
        """Whether it names the owner or one of the values."""
        return self._names.search(text) is not None

    def of_sandbox(self, text: str) -> bool:
        """Whether it names one of the sandboxes."""
        return not self.ids.isdisjoint(_WORD.findall(text))

    def anywhere(self, text: str) -> bool:
        return self.in_text(text) or self.of_sandbox(text)

    def replaced(self, text: str, by: str) -> str:
        """With `by` for the owner's name and each value."""
        return self._names.sub(lambda _: by, text)

    def replaced_in(self, value: Any, by: str) -> Any:
        """The same for every text in a JSON value."""
        if isinstance(value, str):
            return self.replaced(value, by)
        if isinstance(value, list):
            return [self.replaced_in(one, by) for one in value]
        if isinstance(value, dict):
            return {self.replaced(key, by): self.replaced_in(one, by) for key, one in value.items()}
        return value

    def blotted(self, content: bytes) -> tuple[bytes, int]:
        """The bytes of a file with an `x` for each byte of a mention, as long as before; and how many mentions."""
        text = content.decode("utf-8", "surrogateescape")
        blotted, count = self._names.subn(lambda found: "x" * len(_bytes(found.group())), text)
        return _bytes(blotted), count


def spellings(name: str) -> Sequence[str]:
    """How a name may be spelled: as it is, in JSON, in an address, in a list of an address."""
    in_json = (json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1])
    return (name, *in_json, quote(name, safe=""), quote(name), quote_plus(name), name.replace(",", "\\,"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
