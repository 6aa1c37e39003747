"""What is asked of the cost: over which time, in which buckets, by what. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

METADATA: Final = "metadata."
# Group → its expression over `sandboxes_sandbox s JOIN sandboxes_account a`.
GROUPS: Final = {
    "owner": "s.owner",
    "environment": "s.environment",
    "template": "nullif(s.template_id, '')",
    "account": "a.name",
}
BUCKETS: Final = {"hour": 3_600_000_000, "day": 86_400_000_000, "total": 1 << 62}  # width in microseconds


class QuestionError(ValueError):
    """Says which part of a question makes no sense, and what would."""


@dataclass(frozen=True)
class Question:
    """Cost of [start, end), in UTC buckets, by one of GROUPS or `metadata.KEY`; None: all as one group.

    `only` is such a key and a value: nothing else counts. A template is also found by its name.
    """

    start: datetime
    end: datetime
    bucket: str = "total"
    group_by: str | None = None
    only: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        """Raises QuestionError."""
        if self.start >= self.end:
            raise QuestionError("start must lie before end")
        if self.bucket not in BUCKETS:
            raise QuestionError(f"bucket must be one of {', '.join(BUCKETS)}")
        asked = [self.group_by] if self.only is None else [self.group_by, self.only[0]]
        if not all(by is None or by in GROUPS or _metadata_key(by) for by in asked):
            raise QuestionError(f"group_by must be one of {', '.join(GROUPS)}, or {METADATA}KEY")

    @property
    def key(self) -> str:
        """The metadata key that is grouped by, empty when it is none."""
        return _metadata_key(self.group_by or "")

    @property
    def expression(self) -> str:
        """The group of a sandbox in SQL; it takes %(key)s."""
        if self.group_by is None:
            return "NULL::text"
        return "s.metadata ->> %(key)s" if self.key else GROUPS[self.group_by]

    @property
    def where(self) -> str:
        """The condition that `only` adds in SQL; it takes %(only)s and %(only_key)s."""
        if self.only is None:
            return ""
        by = self.only[0]
        if by == "template":
            return " AND %(only)s IN (s.template_id, s.template_name)"
        return f" AND {'s.metadata ->> %(only_key)s' if _metadata_key(by) else GROUPS[by]} = %(only)s"

    @property
    def given(self) -> dict[str, str]:
        """What `expression` and `where` take."""
        by, value = self.only or ("", "")
        return {"key": self.key, "only": value, "only_key": _metadata_key(by)}

    @property
    def width(self) -> int:
        """Microseconds of a bucket."""
        return BUCKETS[self.bucket]


def _metadata_key(by: str) -> str:
    return by.removeprefix(METADATA) if by.startswith(METADATA) else ""
