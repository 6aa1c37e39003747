"""Nothing is ignored in silence: a query parameter that an operation does not know is refused."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from dashboard.api.errors import bad_request

METADATA_PREFIX = "metadata."
Run = Callable[..., HttpResponseBase]


def know_parameters(run: Run) -> Run:
    """Decorates an operation's `run`: notes on the request which parameters it takes, for the check after the login."""
    operation: Any = run.__self__  # type: ignore[attr-defined]
    names: set[str] = set()
    for model in operation.models:
        if model.__ninja_param_source__ == "query":
            names |= set(getattr(model, "__ninja_flatten_map__", {}))
    names.add("account")  # every call can be narrowed to some accounts
    takes_metadata = (operation.openapi_extra or {}).get("x-takes-metadata", False)

    @wraps(run)
    def noted(request: HttpRequest, **path: Any) -> HttpResponseBase:
        request.known_parameters = (frozenset(names), takes_metadata)  # type: ignore[attr-defined]
        request.operation_id = operation.operation_id or ""  # type: ignore[attr-defined]
        return run(request, **path)

    return noted


def refuse_unknown_parameters(request: HttpRequest) -> None:
    """Raises Refusal 400 for a parameter that is unknown, or given twice."""
    known: tuple[frozenset[str], bool] = request.known_parameters  # type: ignore[attr-defined]
    names, takes_metadata = known
    for name, values in request.GET.lists():
        if name not in names and not (takes_metadata and _is_metadata(name)):
            raise bad_request(f"unknown parameter {name!r}", {"parameter": name, "known": sorted(names)})
        if len(values) > 1:
            raise bad_request(f"parameter {name!r} is given {len(values)} times", {"parameter": name})


def metadata_of(request: HttpRequest) -> dict[str, str]:
    """The `metadata.KEY=VALUE` parameters, by KEY."""
    return {name.removeprefix(METADATA_PREFIX): str(value) for name, value in request.GET.items() if _is_metadata(name)}


def _is_metadata(name: str) -> bool:
    return name.startswith(METADATA_PREFIX) and len(name) > len(METADATA_PREFIX)
