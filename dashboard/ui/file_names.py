"""What a download is called: what it is, which of it, and when it was made. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Final

MOST_LETTERS: Final = 120
_NOT_IN_A_WORD: Final = re.compile(r"(?:[^a-z0-9.]|\.(?![a-z0-9])|(?<![a-z0-9])\.)+")


def file_name(of: str, words: Iterable[str], now: datetime, extension: str) -> str:
    """`sandboxes-staging-cpu-over-80-2026-11-28-1204Z.csv`: lower case, nothing that a shell or file system minds."""
    told = "-".join(word for one in (of, *words) if (word := _slug(one)))
    return f"{told[:MOST_LETTERS].strip('-.')}-{now:%Y-%m-%d-%H%MZ}.{extension}"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_A_WORD.sub("-", plain).strip("-.")
