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
    """Cost of [start, end), in UTC buckets, by one of GROUPS or `metadata.KEY`; None: all as one group."""

    start: datetime
    end: datetime
    bucket: str = "total"
    group_by: str | None = None

    def __post_init__(self) -> None:
        """Raises QuestionError."""
        if self.start >= self.end:
            raise QuestionError("start must lie before end")
        if self.bucket not in BUCKETS:
            raise QuestionError(f"bucket must be one of {', '.join(BUCKETS)}")
        if self.group_by is not None and self.group_by not in GROUPS and not self.key:
            raise QuestionError(f"group_by must be one of {', '.join(GROUPS)}, or {METADATA}KEY")

    @property
    def key(self) -> str:
        """The metadata key that is grouped by, empty when it is none."""
        group = self.group_by or ""
        return group.removeprefix(METADATA) if group.startswith(METADATA) else ""

    @property
    def expression(self) -> str:
        """The group of a sandbox in SQL; it takes %(key)s."""
        if self.group_by is None:
            return "NULL::text"
        return "s.metadata ->> %(key)s" if self.key else GROUPS[self.group_by]

    @property
    def width(self) -> int:
        """Microseconds of a bucket."""
        return BUCKETS[self.bucket]
