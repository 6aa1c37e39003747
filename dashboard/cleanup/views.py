"""The Cleanup page: what policies say, what waits in grace, and the audit trail."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.access import asking, callers
from dashboard.cleanup import grace, policy_form
from dashboard.cleanup.trail import entries
from dashboard.cleanup.visible import mine
from dashboard.settings import permissions
from sandboxes.cleanup import approvals, freezing, held_back, policy_book
from sandboxes.core.accounts import shown_account_ids
from sandboxes.models import Action, Policy
from sandboxes.policies import PolicyError

MOST_WAITING = 1000
STATES = tuple(Action.State.values)


@login_required
def cleanup(request: HttpRequest) -> HttpResponse:
    """The whole page; asked for by htmx, all but the frame."""
    state, caller = request.GET.get("state", ""), callers.of_request(request)
    waiting = list(_actions().filter(state=Action.State.GRACE).order_by("act_at", "id")[:MOST_WAITING])
    context = {
        "policies": _policies(),
        "approvals": [(one, asking.may_decide(caller, one)) for one in asking.waiting_for(caller)],
        "waiting": waiting,
        "graces": grace.groups(waiting, timezone.now(), freezing.current()),
        "trail": entries(_trail(state)),
        "state": state,
        "states": STATES,
        "may_change": permissions.may_change(request),
    }
    part = "cleanup/body.html" if request.headers.get("HX-Request") else "cleanup/page.html"
    return render(request, part, context)


@permissions.staff_changes
@require_POST
def reset(request: HttpRequest, policy_id: int) -> HttpResponse:
    """A person closes a tripped breaker."""
    policy = mine(request, policy_id)
    policy_book.reset(policy)
    permissions.changed(request, policy, f"The safety stop of {policy.name} was reset")
    return redirect("cleanup")


@login_required
@require_POST
def freeze(request: HttpRequest) -> HttpResponse:
    """Freezes everything, or lifts that: `to` says which."""
    who = request.user.get_username()
    if request.POST.get("to") == "lift":
        if not permissions.may_change(request):
            raise PermissionDenied
        before = freezing.current()
        held = held_back.lift_freeze(asking.asking(callers.of_request(request)), who, timezone.now())
        if held is not None:
            permissions.held(request)
        elif before is not None:
            permissions.changed(
                request, before, "Policies are unfrozen; pending actions resume with their remaining time"
            )
    else:
        frozen = freezing.freeze(who, request.POST.get("reason", "").replace("\0", "").strip()[:500])
        permissions.changed(request, frozen, "Policies are frozen", added=True)
    return redirect("cleanup")


@login_required
@require_POST
def decide(request: HttpRequest, approval_id: int) -> HttpResponse:
    """A second person's word: `to` is approve or reject."""
    caller = callers.of_request(request)
    found = get_object_or_404(asking.seen_by(caller), pk=approval_id)
    try:
        decided = asking.decide(caller, found, yes=request.POST.get("to") == "approve")
    except approvals.NotDecided as why:
        messages.error(request, _("Not decided: %(why)s") % {"why": why})
    else:
        told = {"approved": _("Approved: %(what)s"), "rejected": _("Rejected: %(what)s")}
        said = told.get(decided.state, _("Nothing was done: %(what)s")) % {"what": decided.outcome or decided.summary}
        messages.success(request, said)
    return redirect("cleanup")


@dataclass(frozen=True)
class Line:
    """A policy in the list: itself, and in words for whom it is and when it holds."""

    policy: Policy
    holds: int
    reach: str
    when: str


def _policies() -> list[Line]:
    held = Count(
        "verdicts",
        filter=Q(enabled=True, verdicts__until=None, verdicts__sandbox__account__in=shown_account_ids())
        & ~Q(verdicts__sandbox__state="ended"),
    )
    found = policy_book.visible().annotate(holds=held).order_by("-enabled", "name")
    return [Line(policy, policy.holds, *_words(policy)) for policy in found]


def _words(policy: Policy) -> tuple[str, str]:
    try:
        spec = policy_book.spec_of(policy)
    except PolicyError as error:
        return "", _("can't be read: %(error)s") % {"error": error}
    return policy_form.reach(spec), policy_form.sentence(spec)


def _actions() -> QuerySet[Action]:
    return Action.objects.filter(account__in=shown_account_ids()).select_related("sandbox", "policy")


def _trail(state: str) -> QuerySet[Action]:
    found = _actions().exclude(state=Action.State.GRACE).order_by("-requested_at", "-id")
    return found.filter(state=state) if state in STATES else found
