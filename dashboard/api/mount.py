"""The API object: our errors, our JSON, our OpenAPI."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from dashboard.api.answers import schemas
from dashboard.api.document import complete
from dashboard.api.errors import Problem, problem_response

DESCRIPTION = """The fleet as facts and actions. Every call takes `Authorization: Bearer TOKEN`. Errors are
`{"code","message","details"?}`; lists are `{"items","next","total"}`, with `limit` (1 to 1,000) and an opaque `cursor`;
times are RFC 3339 in UTC, money is in USD. Any POST takes an `Idempotency-Key`: the same key and body get the first
answer again for 24 hours."""


class Api(NinjaAPI):
    """NinjaAPI, with answers described by our structs and a wrong method refused in our shape."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        complete(schema, schemas())
        return schema

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = _refusing_methods(pattern.callback)
        return patterns, app, namespace


def _refusing_methods(view: Callable[..., Any]) -> Callable[..., Any]:
    """What ninja answers by itself, in plain text or by Django's page, becomes an error like all others."""

    @csrf_exempt  # operations check by themselves, the others change nothing
    @wraps(view)
    def refusing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = view(request, *args, **kwargs)
        except Http404:  # the bare address of the API: no operation, so no handler of ours saw it
            return no_such_call(request)
        if response.status_code != 405:
            return response
        allowed = response["Allow"]
        refused = problem_response(405, Problem("method_not_allowed", f"{request.path} takes {allowed}"))
        refused["Allow"] = allowed
        return refused

    return refusing


@csrf_exempt
def no_such_call(request: HttpRequest) -> HttpResponse:
    """404 in our shape for what is under `/api` and no route of the API, whatever the method."""
    return problem_response(404, Problem("not_found", f"there is no call {request.method} {request.path}"))
