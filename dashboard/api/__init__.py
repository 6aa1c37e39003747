"""REST, at `/api/v1/`: the contract is told in `docs/rest.md`, and by OpenAPI at `openapi.json` and `docs`."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from dashboard.api import (
    account_test,
    accounts,
    actions,
    acts,
    alert_rules,
    alerts,
    approvals,
    bills,
    callback,
    channels,
    cost,
    events,
    fleet,
    freeze,
    health,
    leases,
    limits,
    logs,
    me,
    metrics,
    policies,
    preview,
    prices,
    sandboxes,
    settings_audit,
    silences,
    tokens,
    trust,
    users,
)
from dashboard.api.auth import TokenOrSession
from dashboard.api.docs import OnePage
from dashboard.api.errors import handle
from dashboard.api.mount import DESCRIPTION, Api, no_such_call
from dashboard.api.once import answered_once
from dashboard.api.strict import know_parameters

api = Api(
    title="Sandwarden",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api-v1",
    docs=OnePage(),
    auth=TokenOrSession(),
)
handle(api)
api.add_decorator(know_parameters, mode="view")
api.add_decorator(answered_once(api), mode="operation")
api.add_router("/health", health.router)
for router in (sandboxes.router, metrics.router, events.of_sandbox, logs.router, acts.router):
    api.add_router("/sandboxes", router)
api.add_router("/events", events.router)
api.add_router("/actions", actions.router)
api.add_router("/fleet", fleet.router)
api.add_router("/cost", cost.router)
api.add_router("/cost", bills.router)
api.add_router("/prices", prices.router)
api.add_router("/limits", limits.router)
api.add_router("/accounts", account_test.router)  # before: its path is also that of an account named test
api.add_router("/accounts", accounts.router)
api.add_router("/alert-rules", alert_rules.router)
api.add_router("/alerts", alerts.router)
api.add_router("/silences", silences.router)
api.add_router("/routes", silences.routing)
api.add_router("/policies", preview.router)
api.add_router("/policies", policies.router)
api.add_router("/policies", trust.router)
api.add_router("/leases", leases.router)
api.add_router("/freeze", freeze.router)
api.add_router("/owner-callback", callback.router)
api.add_router("/channels", channels.router)
api.add_router("/me", me.router)
api.add_router("/users", users.router)
api.add_router("/tokens", tokens.router)
api.add_router("/approvals", approvals.router)
api.add_router("/audit", settings_audit.router)

nowhere = Router()


@nowhere.api_operation(
    ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"], "/{path:rest}", include_in_schema=False
)
def unknown_call(request: HttpRequest, rest: str) -> HttpResponse:  # noqa: ARG001 - the request has the path
    """Whatever no other route took: 401 comes first, as for every call."""
    return no_such_call(request)


api.add_router("", nowhere)
