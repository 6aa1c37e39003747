"""Finds what a template shows that is not marked for translation: text, attributes that are read, words in tags.

Django's own lexer finds its tags; the rest is read by html.parser, with a blank in place of every tag and of all that
stands in `{% blocktranslate %}`. Lines stay as they are.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from django.template.base import DebugLexer, Token, TokenType

# Names and units, the same in every language, and p95; what else stands in several places is what people type.
WORDS: Final = {
    "Sandwarden", "E2B", "REST", "OpenAPI", "API", "CPU", "vCPU", "UTC", "ID", "Redis", "PostgreSQL",
    "s", "min", "h", "d", "ms", "MiB", "GiB", "p95",
}  # fmt: skip
EXAMPLES: Final = {
    "run_id", "key=value", "env=staging", "ci-deploy", "90m", "10 min", "20m, 1.5h, 2d",
    "mon-fri 09:00-18:00 Europe/Berlin",
}  # fmt: skip
READ_ATTRIBUTES: Final = {
    "title", "alt", "label", "placeholder", "aria-label", "aria-description", "aria-roledescription", "aria-valuetext",
    "aria-placeholder",
}  # fmt: skip
CODE: Final = {"script", "style", "code", "kbd", "pre"}
BUTTONS: Final = {"submit", "button", "reset"}
CODE_BLOCKS: Final = {"page_name", "state", "scripts", "page_script"}  # blocks of the page's frame that are no text
_WORD: Final = re.compile(r"[^\W\d_][^\W_]*")
_FILTERED: Final = re.compile(r"\|(?:default|default_if_none|yesno|pluralize)(?::(\"[^\"]*\"|'[^']*'))?")
_GIVEN: Final = re.compile(r"\w+=(\"[^\"]*\"|'[^']*')")


def unmarked(source: str) -> list[tuple[int, str]]:
    """Line and text of everything unmarked in a template's source, in the order of the lines."""
    tokens = DebugLexer(source).tokenize()
    reader = _Reader()
    reader.feed(_plain(tokens))
    reader.close()
    return sorted([*reader.found, *_in_tags(tokens)])


def is_language(text: str) -> bool:
    """Whether a person reads words in it: not only names, units, figures and examples of what is typed."""
    return text.strip() not in EXAMPLES and any(word not in WORDS for word in _WORD.findall(text))


def _plain(tokens: list[Token]) -> str:
    """The template as HTML alone, with as many lines."""
    parts, hidden = [], ""
    for token in tokens:
        words = token.contents.split() if token.token_type == TokenType.BLOCK else []
        if hidden or token.token_type != TokenType.TEXT:
            parts.append(" " + "\n" * token.contents.count("\n"))
        else:
            parts.append(token.contents)
        hidden = _hidden_until(words) or ("" if words[:1] == [hidden] else hidden)
    return "".join(parts)


def _hidden_until(words: list[str]) -> str:
    """The tag that ends what this one hides; empty when it hides nothing."""
    if words[:1] in (["blocktranslate"], ["comment"]):
        return f"end{words[0]}"
    return "endblock" if words[:1] == ["block"] and words[1] in CODE_BLOCKS else ""


def _in_tags(tokens: list[Token]) -> Iterator[tuple[int, str]]:
    """Words that a filter would show (`default:"none"`), any plural by filter, and sentences handed on by `with`."""
    for token in tokens:
        if token.token_type == TokenType.VAR or token.contents.startswith(("blocktranslate", "with", "include")):
            for found in _FILTERED.finditer(token.contents):
                if "pluralize" in found[0] or is_language((found[1] or "")[1:-1]):
                    yield token.lineno or 0, found[0]
        if token.token_type == TokenType.BLOCK and token.contents.startswith(("with ", "include ")):
            for found in _GIVEN.finditer(token.contents):
                if is_language(found[1][1:-1]) and (" " in found[1] or found[1][1].isupper()):
                    yield token.lineno or 0, found[1]


class _Reader(HTMLParser):
    """Reads text and attributes; what is code stays unread."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._code: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        shown = [value for name, value in attrs if name in READ_ATTRIBUTES]
        if tag == "input" and given.get("type") in BUTTONS:
            shown.append(given.get("value"))
        for value in shown:
            self._note(value or "")
        if tag in CODE:
            self._code.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._code and self._code[-1] == tag:
            self._code.pop()

    def handle_data(self, data: str) -> None:
        if not self._code:
            self._note(data)

    def _note(self, text: str) -> None:
        if is_language(text):
            skipped = len(text) - len(text.lstrip())
            self.found.append((self.getpos()[0] + text[:skipped].count("\n"), " ".join(text.split())))
