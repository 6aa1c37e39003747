"""The routes as they stand in the database."""

from typing import Any

import msgspec

from sandboxes.alerts.rules.matching import Routes, parse_routes
from sandboxes.models import AlertRoutes


def routes() -> Routes:
    """Those in force; none at first."""
    row = AlertRoutes.objects.first()
    return parse_routes(row.routes) if row else Routes()


def write(given: object) -> Routes:
    """Replaces them all. Raises MatchError."""
    parsed = parse_routes(given)
    AlertRoutes.objects.update_or_create(pk=1, defaults={"routes": as_dict(parsed)})
    return parsed


def as_dict(given: Routes) -> dict[str, Any]:
    """In the contract's form."""
    plain: dict[str, Any] = msgspec.to_builtins(given)
    return plain
