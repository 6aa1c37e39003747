"""A policy on the Cleanup page: made, changed, tried before it is saved, and switched to enforce by a second look."""

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from msgspec.structs import replace

from dashboard.access import callers
from dashboard.access.asking import asking
from dashboard.cleanup import policy_form, policy_words, trust
from dashboard.cleanup.policy_preview import shown
from dashboard.cleanup.visible import for_writer, mine, one_policy
from dashboard.settings import permissions
from sandboxes.cleanup import held_back, over_limit, policy_book, whatif
from sandboxes.models import Policy
from sandboxes.policies import PolicyError, PolicySpec

UNNAMED: Final = "a policy without a name yet"
BLANK: Final = {
    "states": ["running"], "action": "kill", "grace_seconds": "10 min", "max_per_run": "50", "max_per_hour": "200",
    "max_fleet_fraction": "10",
}  # fmt: skip


@login_required
def edit(request: HttpRequest, policy_id: int | None = None) -> HttpResponse:
    """The form and its preview. A POST saves; with `look` in it, it only previews (for those without scripts)."""
    policy = one_policy(policy_id) if policy_id is not None else None
    if request.method != "POST":
        return _page(request, policy, _stored(policy))
    if "look" in request.POST:
        return _page(request, policy, _typed(request), **_preview(request, policy))
    try:
        meant = for_writer(request, _read(request, policy), policy)
        written, held = held_back.write_policy(asking(callers.of_request(request)), meant, policy, timezone.now())
    except PolicyError as error:
        return _page(request, policy, _typed(request), error=error)
    if held is not None:
        permissions.held(request)
    if policy is None:
        permissions.changed(
            request, written, f"Policy {written.name} added as a dry run; it takes no action", added=True
        )
    elif written.version != policy.version:
        permissions.changed(
            request,
            written,
            f"Policy {written.name} changed: version {written.version}, its pending actions are cancelled",
        )
    return redirect("policy", written.pk)


@login_required
@require_POST
def preview(request: HttpRequest, policy_id: int | None = None) -> HttpResponse:
    """What was typed so far, tried: a fragment beside the form. It changes nothing."""
    policy = one_policy(policy_id) if policy_id is not None else None
    found = _preview(request, policy)
    if "error" in found:
        found["error"] = policy_words.words_of(found["error"])
    return render(request, "cleanup/preview.html", found)


@permissions.staff_changes
def enforce(request: HttpRequest, policy_id: int) -> HttpResponse:
    """What the record proves, the preview once more, and the question; a POST of the version that was shown switches.

    Of a policy that is not ready, the number of those used again has to be typed.
    """
    policy = mine(request, policy_id)
    spec = replace(policy_book.spec_of(policy), enabled=True, mode="enforce")
    found = whatif.trust(policy, timezone.now())
    typed, wrong = request.POST.get("used_again", "").strip(), False
    if request.method == "POST" and request.POST.get("version") == str(policy.version):
        wrong = not found.is_ready and typed != str(len(found.used_again))
        if not wrong:
            who = asking(callers.of_request(request))
            written, held = held_back.write_policy(who, spec, policy, timezone.now())
            if held is not None:
                permissions.held(request)
                return redirect("cleanup")
            permissions.changed(request, written, f"Policy {written.name} is now enforced, version {written.version}")
            return redirect("policy", policy_id)
    context = {"policy": policy, "wrong": wrong, **_tried(spec, policy), **trust.shown(found)}
    return render(request, "cleanup/enforce.html", context, status=422 if wrong else 200)


@permissions.staff_changes
@require_POST
def switch(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Back to a dry run, off, on again as a dry run, or deleted: `to` says which."""
    policy, to = mine(request, policy_id), request.POST.get("to", "")
    if to == "delete":
        permissions.changed(request, policy, f"Policy {policy.name} deleted; its pending actions are cancelled")
        policy_book.delete(policy)
        return redirect("cleanup")
    words = {
        "dry_run": "is a dry run again; its pending actions are cancelled",
        "off": "is off; its pending actions are cancelled",
    }
    if to in words:
        policy_book.write(replace(policy_book.spec_of(policy), enabled=to != "off", mode="dry_run"), policy)
        permissions.changed(request, policy, f"Policy {policy.name} {words[to]}")
    return redirect("policy", policy_id)


def _page(
    request: HttpRequest, policy: Policy | None, form: dict[str, Any], error: PolicyError | None = None, **found: Any
) -> HttpResponse:
    error = error or found.pop("error", None)
    wrong = {policy_form.field_of(error): policy_words.words_of(error)} if error is not None else {}
    context = {
        "policy": policy, "form": form, "wrong": wrong, "elsewhere": wrong.get("", wrong.get("orphan_when", "")),
        "may_change": permissions.may_change(request), "limits": over_limit.names(), **found,
    }  # fmt: skip
    return render(request, "cleanup/policy.html", context, status=422 if wrong else 200)


def _stored(policy: Policy | None) -> dict[str, Any]:
    """What stands in the form at first; nothing of a stored policy that can't be meant but its name."""
    if policy is None:
        return BLANK
    try:
        return policy_form.typed(policy_book.spec_of(policy))
    except PolicyError:
        return BLANK | {"name": policy.name}


def _typed(request: HttpRequest) -> dict[str, Any]:
    return {**request.POST.dict(), "states": request.POST.getlist("states")}


def _read(request: HttpRequest, policy: Policy | None) -> PolicySpec:
    """What was typed: a new policy begins as a dry run, a stored one keeps its mode."""
    enabled, mode = (policy.enabled, policy.mode) if policy is not None else (True, "dry_run")
    return policy_form.read(request.POST, request.POST.getlist("states"), enabled=enabled, mode=mode)


def _preview(request: HttpRequest, policy: Policy | None) -> dict[str, Any]:
    named = request.POST.copy()
    named["name"] = named.get("name", "").strip() or UNNAMED
    try:
        enabled, mode = (policy.enabled, policy.mode) if policy is not None else (True, "dry_run")
        return _tried(policy_form.read(named, named.getlist("states"), enabled=enabled, mode=mode), policy)
    except PolicyError as error:
        return {"waits": True} if policy_form.field_of(error) == "orphan_when" else {"error": error}


def _tried(spec: PolicySpec, policy: Policy | None) -> dict[str, Any]:
    field = whatif.number_that_matters(spec)
    found = whatif.preview(spec, timezone.now(), current=policy, sweep=field)
    return {"spec": spec, "tried": shown(spec, found, field)}
