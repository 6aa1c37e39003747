"""The Clean-up page: what policies say, what waits in grace, and the audit trail."""

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from sandboxes import policy_book
from sandboxes.accounts import shown_account_ids
from sandboxes.models import Action, Policy

TRAIL_ROWS = 100
STATES = tuple(Action.State.values)


@login_required
def cleanup(request: HttpRequest) -> HttpResponse:
    """The whole page; asked for by htmx, all but the frame."""
    state = request.GET.get("state", "")
    context = {
        "policies": _policies(),
        "waiting": _actions().filter(state=Action.State.GRACE).order_by("act_at")[:TRAIL_ROWS],
        "trail": _trail(state),
        "state": state,
        "states": STATES,
    }
    part = "cleanup/body.html" if request.headers.get("HX-Request") else "cleanup/page.html"
    return render(request, part, context)


@login_required
@require_POST
def reset(_request: HttpRequest, policy_id: int) -> HttpResponse:
    """A person closes a tripped breaker."""
    policy_book.reset(get_object_or_404(Policy, pk=policy_id))
    return redirect("cleanup")


def _policies() -> QuerySet[Policy]:
    held = Count("verdicts", filter=Q(verdicts__until=None), distinct=True)
    return Policy.objects.annotate(holds=held).order_by("-enabled", "name")


def _actions() -> QuerySet[Action]:
    return Action.objects.filter(account__in=shown_account_ids()).select_related("sandbox", "policy")


def _trail(state: str) -> QuerySet[Action]:
    found = _actions().exclude(state=Action.State.GRACE).order_by("-requested_at", "-id")
    return (found.filter(state=state) if state in STATES else found)[:TRAIL_ROWS]
