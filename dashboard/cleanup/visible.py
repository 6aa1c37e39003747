"""The policies that whoever asks may see, and those of them that they may change."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from dashboard.access import callers, reach
from sandboxes.cleanup import policy_book
from sandboxes.models import Policy
from sandboxes.policies import PolicySpec


def one_policy(policy_id: int) -> Policy:
    """Raises Http404 for one that is not there, or stands for hidden accounts alone."""
    return get_object_or_404(policy_book.visible(), pk=policy_id)


def mine(request: HttpRequest, policy_id: int) -> Policy:
    """One to be changed. Raises Http404, and PermissionDenied where it also stands for accounts they lack."""
    policy = one_policy(policy_id)
    reach.check(callers.of_request(request), (policy.match or {}).get("accounts", ()))
    return policy


def for_writer(request: HttpRequest, spec: PolicySpec, policy: Policy | None) -> PolicySpec:
    """What was written, for all accounts of the writer where it names none. Raises PermissionDenied as `mine` does."""
    caller = callers.of_request(request)
    if policy is not None:
        reach.check(caller, (policy.match or {}).get("accounts", ()))
    return policy_book.for_accounts(spec, reach.named(caller, spec.match.accounts))
