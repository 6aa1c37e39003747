"""How a call fails: one shape for every error, and one place that turns exceptions into it."""

import logging
import math
from collections.abc import Callable
from typing import Any

import msgspec
import redis
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from sandboxes import e2b
from sandboxes.core import database_away
from sandboxes.fleet.search import Ambiguous, QueryError

log = logging.getLogger(__name__)
_WORDS = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, rename={"name": "Error"}):
    """`code` is a word for programs, `message` a sentence for people, `details` what it is about."""

    code: str
    message: str
    details: Any = None


class Refusal(Exception):
    """A call that is answered with an error. `retry_after` is in seconds."""

    def __init__(
        self, status: int, code: str, message: str, *, details: Any = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code, message, details)
        self.retry_after = retry_after


def bad_request(message: str, details: Any = None) -> Refusal:
    return Refusal(400, "bad_request", message, details=details)


def not_found(what: str) -> Refusal:
    return Refusal(404, "not_found", f"{what} is not on our record")


def problem_response(status: int, problem: Problem, retry_after: float | None = None) -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(problem), status=status, content_type="application/json")
    if retry_after is not None:
        response["Retry-After"] = str(math.ceil(retry_after))
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


class Namesake(msgspec.Struct, frozen=True):
    """A sandbox of the ID that was asked for, and the account and backend that have it."""

    id: str
    account: str
    url: str


class Namesakes(msgspec.Struct, frozen=True):
    """The answer 300: several backends have this ID; `?account=` decides."""

    items: list[Namesake]


def _several(_: HttpRequest, error: Ambiguous) -> HttpResponse:
    found = Namesakes([Namesake(one.id, one.account, one.url) for one in error.namesakes])
    return HttpResponse(msgspec.json.encode(found), status=300, content_type="application/json")


def handle(api: NinjaAPI) -> None:
    """Every exception that can leave an operation becomes an error in our shape."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        Refusal: _refused,
        Ambiguous: _several,
        QueryError: lambda _, error: _plain(400, str(error)),
        ValidationError: _invalid,
        HttpError: lambda _, error: _plain(error.status_code, str(error)),
        PermissionDenied: _forbidden,
        Http404: lambda _, __: _plain(404, "there is no such thing here"),
        RequestDataTooBig: lambda _, __: _plain(400, "the body is too large"),
        **dict.fromkeys(database_away.ERRORS, lambda _, error: _database(error)),
        redis.RedisError: lambda _, error: _away("redis", "redis is unavailable", error),
        e2b.E2BError: _backend_failed,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _plain(status: int, message: str) -> HttpResponse:
    return problem_response(status, Problem(_WORDS.get(status, "error"), message))


def _forbidden(_: HttpRequest, error: PermissionDenied) -> HttpResponse:
    """403 that names what is missing, where that is known."""
    needs = getattr(error, "needs", [])
    return problem_response(403, Problem("forbidden", str(error) or "this is not allowed", {"needs": needs}))


def _refused(_: HttpRequest, refusal: Refusal) -> HttpResponse:
    return problem_response(refusal.status, refusal.problem, refusal.retry_after)


def _invalid(_: HttpRequest, error: ValidationError) -> HttpResponse:
    """Names each field that is wrong and why; the value itself is not repeated, it may be a secret."""
    details = [
        {
            "field": ".".join(str(part) for part in one["loc"][1:] if part not in {"body", "query", "asked"}),
            "why": one["msg"],
        }
        for one in error.errors
    ]
    first = details[0]
    message = f"{first['field']}: {first['why']}" if first["field"] else str(first["why"])
    return problem_response(400, Problem("bad_request", message, details))


def _database(error: Exception) -> HttpResponse:
    """503: it is away for a moment; or it took too long, and then nobody is told to ask the same again."""
    if not database_away.took_too_long(error):
        return _away("database", database_away.PHRASE, error)
    log.warning("answered 503, a statement took too long: %s", error)
    return problem_response(503, Problem("unavailable", database_away.TOO_LONG, {"dependency": "database"}))


def _away(name: str, phrase: str, error: Exception) -> HttpResponse:
    log.warning("answered 503, %s: %s", phrase, error)
    problem = Problem("unavailable", f"{phrase}; try again in a moment", {"dependency": name})
    return problem_response(503, problem, retry_after=5)


def _backend_failed(_: HttpRequest, error: e2b.E2BError) -> HttpResponse:
    """The E2B backend would not, or could not, answer a call that we pass through."""
    if isinstance(error, e2b.RateLimited):
        return problem_response(429, Problem("rate_limited", str(error)), retry_after=error.retry_after or 1)
    if isinstance(error, e2b.BadRequest):
        return problem_response(400, Problem("bad_request", str(error)))
    if isinstance(error, e2b.NotFound):
        return problem_response(404, Problem("not_found", str(error)))
    if isinstance(error, e2b.Conflict):
        return problem_response(409, Problem("not_in_state", str(error)))
    return problem_response(503, Problem("backend_unavailable", str(error), {"dependency": "backend"}), retry_after=5)


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem_response(500, Problem("internal", "internal error; see the server log"))
