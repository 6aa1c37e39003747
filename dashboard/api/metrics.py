"""`/sandboxes/{id}/metrics`: one sandbox's CPU, memory and disk over time."""

from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from dashboard.api.answers import answer, returns
from dashboard.api.params import MAX_POINTS, Span
from dashboard.api.sandboxes import row_of
from sandboxes.metrics.series import Columns, look_at, sandbox_metrics

router = Router(tags=["sandboxes"])


SandboxMetrics = msgspec.defstruct(
    "SandboxMetrics", [(field.name, field.type) for field in msgspec.structs.fields(Columns)], module=__name__
)


class MetricsSpan(Span):
    # Least and greatest of a bucket are both kept: fewer than three points could not show a spike.
    points: Annotated[int, Field(ge=3, le=MAX_POINTS)] = 300


@router.get("/{sandbox_id}/metrics", operation_id="get_sandbox_metrics", **returns(SandboxMetrics))
def metrics(request: HttpRequest, sandbox_id: str, asked: Query[MetricsSpan]) -> HttpResponse:
    """Columns by time; null where there was no sample. Until now, or until its end, and from an hour before that."""
    now = timezone.now()
    row = row_of(request, sandbox_id, now)
    start, end = asked.between(row.ended_at or now)
    look_at(row.key)
    return answer(sandbox_metrics(row.key, start, end, asked.points))
