"""The kinds of values that calls take: moments, seconds, texts, and forms that refuse unknown fields."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from dashboard.api.errors import bad_request
from sandboxes.actions.permission import MOST_SECONDS, SECONDS_RANGE

MAX_POINTS: Final = 1000
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = 253402300799  # 9999-12-31


def moment(value: Any) -> datetime:
    """Unix seconds or RFC 3339 as a time in UTC, never before 1970: nothing is on record from then, and arithmetic with
    the first and last years overflows. Raises ValueError for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value) or not 0 <= value <= _LAST_SECOND:
            raise ValueError("Unix seconds must be between 1970 and 9999")
        return datetime.fromtimestamp(value, UTC)
    # A `+` that was not percent-encoded arrives as a space.
    if isinstance(value, str) and _RFC3339.fullmatch(text := re.sub(r" (\d\d:\d\d)$", r"+\1", value)):
        whole = re.sub(r"(\.\d{6})\d+", r"\1", text.upper().replace("Z", "+00:00"))
        try:
            return max(datetime.fromisoformat(whole).astimezone(UTC), _FIRST)
        except OverflowError:
            raise ValueError("this time is out of range") from None
    raise ValueError("must be Unix seconds, or RFC 3339 with a zone such as 2026-08-21T10:00:00Z")


_MOMENT_SCHEMA: Final = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]}
Moment = Annotated[datetime, BeforeValidator(moment), WithJsonSchema(_MOMENT_SCHEMA)]


def _in_range(value: int) -> int:
    if not 1 <= value <= MOST_SECONDS:
        raise PydanticCustomError("seconds_range", SECONDS_RANGE)
    return value


_SECONDS_SCHEMA: Final = {"type": "integer", "minimum": 1, "maximum": MOST_SECONDS}
Seconds = Annotated[int, Field(strict=True), AfterValidator(_in_range), WithJsonSchema(_SECONDS_SCHEMA)]
Text = Annotated[str, Field(strict=True, max_length=1000, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Field(ge=1, le=1000)]
Points = Annotated[int, Field(ge=1, le=MAX_POINTS)]
Word = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


class Form(Schema):
    """A body or a set of parameters whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Paged(Form):
    """Which part of a list."""

    limit: Limit = 100
    cursor: Word | None = None


class Span(Form):
    """From `start` to `end`, the last hour by default, in at most `points` steps."""

    start: Moment | None = None
    end: Moment | None = None
    points: Points = 300

    def between(self, now: datetime, *, default: timedelta = timedelta(hours=1)) -> tuple[datetime, datetime]:
        """Both ends. Raises Refusal 400 when they are the wrong way round."""
        end = self.end or now
        start = self.start or end - default
        if start >= end:
            raise bad_request("start must lie before end")
        return start, end
