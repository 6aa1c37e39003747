"""gettext for modules that know no Django: the text itself, until `install` names a translator. Pure.

`makemessages` finds these by their names, as it does Django's own.
"""

from collections.abc import Callable

One = Callable[[str], str]
Many = Callable[[str, str, int], str]


def _itself(text: str) -> str:
    return text


def _by_count(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


_translators: tuple[One, Many] = (_itself, _by_count)


def install(one: One, many: Many) -> None:
    """Translates by these from now on; the app does so with Django's when it starts."""
    global _translators  # noqa: PLW0603
    _translators = (one, many)


def gettext(text: str) -> str:
    """The text in the reader's language."""
    return _translators[0](text)


def gettext_noop(text: str) -> str:
    """The text as it is: marks a constant, which is translated where it is shown."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """The form for this count, in the reader's language."""
    return _translators[1](one, many, count)
