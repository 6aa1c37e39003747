"""Lines of CSV that no spreadsheet takes for formulas (OWASP, "CSV Injection"). Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

# Spreadsheets run a cell that begins with one of these, the full-width ones too, some also behind blanks.
_SIGNS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_CONTROLS: Final = ("\t", "\r", "\n")


def lines(rows: Iterable[Sequence[Any]]) -> str:
    """Every field in quotes, so that no separator or quote inside one begins another."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Any) -> Any:
    """Times in RFC 3339, None as nothing, and an apostrophe before text that could run as a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and (value.startswith(_CONTROLS) or value.lstrip().startswith(_SIGNS)):
        return f"'{value}"
    return value
