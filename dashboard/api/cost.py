"""`/cost`: what the fleet cost, by group and time."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import timedelta
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from dashboard.api.answers import answer, returns
from dashboard.api.errors import bad_request
from dashboard.api.params import Form, Moment, Word
from sandboxes.cost import BUCKETS, Question, QuestionError, Spend, spend

router = Router(tags=["cost"])
LAST_DAY = timedelta(hours=24)


class Asked(Form):
    """The last 24 hours unless told; `group_by` is owner, environment, template, account or metadata.KEY."""

    start: Moment | None = None
    end: Moment | None = None
    bucket: Annotated[Word, Field(json_schema_extra={"enum": list(BUCKETS)})] = "total"
    group_by: Word | None = None


@router.get("", operation_id="get_cost", **returns(Spend))
def cost(request: HttpRequest, asked: Query[Asked]) -> HttpResponse:
    """By allocated size and time run, at the price of each second. The items add up to the total exactly."""
    now = timezone.now()
    end = asked.end or now
    try:
        question = Question(asked.start or end - LAST_DAY, end, asked.bucket, asked.group_by)
    except QuestionError as error:
        raise bad_request(str(error)) from None
    return answer(spend(question, now))
