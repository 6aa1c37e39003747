"""How a sandbox or a run ended, in the words that pages use: what E2B reported, what we did, what is inferred."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext, gettext_noop

from sandboxes.fleet.search import SandboxRow

OURS, PLANNED_END, VANISHED = "ours", "planned_end", "vanished"
# One that vanished is dated by its planned end where that had passed, and only then are both the same.
SAME: Final = timedelta(seconds=1)
WORDS: Final[Mapping[str, str]] = {
    OURS: gettext_noop("killed by us"),
    PLANNED_END: gettext_noop("timed out (inferred)"),
    VANISHED: gettext_noop("vanished"),
    "timeout": gettext_noop("timed out"),
    "request": gettext_noop("killed by request"),
    "unknown": gettext_noop("reason not reported"),
}


def kind_of(reason: str | None, ended_at: datetime | None, end_at: datetime | None, *, by_us: bool = False) -> str:
    """E2B's reason word, `unknown` without one; or `ours`, `planned_end` (inferred), `vanished` where nothing is known.

    `end_at` is the end that was planned, `by_us` whether E2B answered a kill of ours as done.
    """
    if by_us:
        return OURS
    if reason == VANISHED and ended_at is not None and end_at is not None and abs(ended_at - end_at) < SAME:
        return PLANNED_END
    return reason or "unknown"


def words_of(kind: str) -> str:
    """`timed out`, `killed by us`, `timed out (inferred)`; another reason of E2B's as it is."""
    return gettext(WORDS[kind]) if kind in WORDS else kind.replace("_", " ")


def filter_word(name: str, word: str) -> str:
    """A value of the filter `name` as people read it: reasons and causes are words of the API."""
    if name == "reason":
        return words_of(word)
    return word.replace("_", " ") if name == "cause" else word


def ending(row: SandboxRow) -> str:
    """How this sandbox ended, in words."""
    return words_of(ending_kind(row))


def ending_kind(row: SandboxRow) -> str:
    """How it ended, as `kind_of` says."""
    return kind_of(row.end_reason, row.ended_at, row.end_at, by_us=row.ended_by is not None)
