"""The kinds of values that calls take: moments, seconds, texts, and forms that refuse unknown fields."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from dashboard.api.errors import bad_request
from dashboard.ui.moments import moment
from sandboxes.actions.permission import MOST_SECONDS, SECONDS_RANGE

MAX_POINTS: Final = 1000
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
