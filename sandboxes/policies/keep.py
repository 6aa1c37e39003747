"""Metadata with which an application keeps a sandbox from every policy, from its first second on: `keep=true`."""

from collections.abc import Iterable

Keep = tuple[tuple[str, str], ...]
KEEP: Keep = (("keep", "true"),)


def pairs(words: Iterable[str]) -> Keep:
    """`["keep=true", "tier=prod"]` as pairs. Raises ValueError for a word that is no KEY=VALUE."""
    return tuple(_pair(word) for word in words)


def _pair(word: str) -> tuple[str, str]:
    key, sign, value = (part.strip() for part in word.partition("="))
    if not (key and sign and value):
        raise ValueError(f"{word!r} must be written as KEY=VALUE, for example keep=true")
    return key, value.casefold()
