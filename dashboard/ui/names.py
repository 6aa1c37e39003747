"""Names from outside, shown exactly: what would hide, turn round or break a line is spelled out. Pure.

static/js/names.js writes the same; tests/name_cases.json holds both to it.
"""

import re
import unicodedata
from typing import Final

# What turns writing round, or shows as nothing at all (Unicode, "Bidirectional Algorithm" and "General Punctuation").
MARKS: Final = {
    "\u200e": "LRM", "\u200f": "RLM", "\u061c": "ALM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
    "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
    "\u200b": "ZWSP", "\u2060": "WJ", "\ufeff": "BOM", "\n": "LF", "\r": "CR", "\t": "TAB", "\u00a0": "NBSP",
    "\u2028": "LSEP", "\u2029": "PSEP",
}  # fmt: skip
SPACE: Final = "space"
_TABLE: Final = {ord(letter): f"⟨{mark}⟩" for letter, mark in MARKS.items() if letter not in "\n\t\r\u00a0"}
_BLANK: Final = re.compile(r"[ \t\n\v\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


def pieces(text: str) -> list[tuple[str, str]]:
    """The text in pieces: `(words, "")` as they are, or `("", mark)` for what is spelled out in a box.

    Blanks at either end are spelled out too: `a ` and `a` are two owners.
    """
    core = text.strip(" ")
    if not core:
        return [("", SPACE)] * len(text)
    lead = len(text) - len(text.lstrip(" "))
    tail = len(text) - lead - len(core)
    return [("", SPACE)] * lead + _of(core) + [("", SPACE)] * tail


def _of(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for letter in text:
        mark = MARKS.get(letter) or (f"U+{ord(letter):04X}" if unicodedata.category(letter) == "Cc" else "")
        if mark:
            found.append(("", mark))
        elif found and found[-1][0]:
            found[-1] = (found[-1][0] + letter, "")
        else:
            found.append((letter, ""))
    return found


def marked(sentence: str) -> str:
    """A sentence with names in it: its marks spelled out, all else as it is."""
    return sentence.translate(_TABLE)


def is_plain(text: str) -> bool:
    """Whether it reads as written anywhere: ASCII letters without blanks at its ends."""
    return bool(re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", text))


def is_blank(text: str) -> bool:
    """Whether there is something, and nothing of it to be seen."""
    return bool(_BLANK.fullmatch(text))


def spelled(text: str) -> str:
    """As plain text, for a tooltip, a label or a title: `evil⟨RLO⟩gpj.exe`; `⟨blank⟩` for blanks alone."""
    if is_plain(text) or not text:
        return text
    if is_blank(text):
        return "⟨blank⟩"
    return "".join(words or f"⟨{mark}⟩" for words, mark in pieces(text))
