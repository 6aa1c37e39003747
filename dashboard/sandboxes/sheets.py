"""A list of sandboxes as a file: CSV that no spreadsheet takes for a formula, JSON with REST's own fields."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from dashboard.ui import csv_text
from sandboxes.fleet.search import SandboxRow

OURS: Final = "key"  # the primary key is for our pages; programs have the ID
PLAIN: Final = tuple(
    field.name
    for field in msgspec.structs.fields(SandboxRow)
    if field.name not in {OURS, "metadata", "lease", "orphan", "protected", "ended_by", "probable_cause"}
)
FLAT: Final = (
    "metadata", "lease_key", "lease_state", "lease_expires_at", "orphan", "orphan_policies",
    "protected", "protected_until", "protected_reason", "ended_by", "probable_cause",
)  # fmt: skip
COLUMNS: Final = (*PLAIN, *FLAT)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def csv_lines(rows: Iterable[SandboxRow]) -> str:
    """Lines of CSV, a sandbox each, in the order of `COLUMNS`."""
    return csv_text.lines(cells(row) for row in rows)


def csv_head() -> str:
    """The first line."""
    return csv_text.lines([COLUMNS])


def cells(row: SandboxRow) -> list[Any]:
    """One sandbox as cells, what is nested made flat."""
    lease, protected = row.lease, row.protected
    flat = (
        json.dumps(row.metadata, ensure_ascii=False) if row.metadata else "",
        lease and lease.key,
        lease and lease.state,
        lease and lease.expires_at,
        row.orphan.state,
        "; ".join(dict.fromkeys(reason.policy for reason in row.orphan.reasons)),
        "yes" if protected else "no",
        protected and protected.until,
        protected and protected.reason,
        row.ended_by and f"{row.ended_by.actor.kind} {row.ended_by.actor.name}",
        (row.probable_cause or {}).get("cause"),
    )
    return [*(getattr(row, name) for name in PLAIN), *flat]


def json_items(rows: Sequence[SandboxRow]) -> bytes:
    """The sandboxes as REST shows them, separated by commas, without the brackets around them."""
    return b",\n".join(_encode(_as_rest(row)) for row in rows)


def _as_rest(row: SandboxRow) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(row).items() if name != OURS}
