"""Who calls: a program by its bearer token, or a person by the page's session."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from ninja.security.base import AuthBase

from dashboard.access import callers, choosing, rules
from dashboard.access.callers import Caller
from dashboard.access.rights import Rights, Verb
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.strict import refuse_unknown_parameters
from dashboard.models import ApiToken
from dashboard.system import heartbeat
from sandboxes.core import acting, sight

_USED_EVERY: Final = timedelta(minutes=1)


class TokenOrSession(AuthBase):
    """`Authorization: Bearer TOKEN`, else the login of the pages with its CSRF token on calls that change."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Caller:
        given = request.headers.get("Authorization")
        caller = by_token(given, request.method or "", request.path) if given is not None else _by_session(request)
        request.caller = caller  # type: ignore[attr-defined]
        need(caller, rules.of_call(request.operation_id))  # type: ignore[attr-defined]
        sight.limit(caller.rights.accounts)
        acting.as_who(acting.Actor(caller.kind, caller.name))
        refuse_unknown_parameters(request)  # only now: who may not call learns nothing of what may be asked
        look_at(caller, request)
        return caller


def need(caller: Caller, verb: Verb, account: int | None = None) -> None:
    """Raises Refusal 403 that names what is missing."""
    if callers.may(caller, verb, account):
        return
    needs = ["admin", "accounts:*"] if verb is Verb.SYSTEM else [str(verb)]
    raise Refusal(403, "forbidden", f"this needs {' and '.join(needs)}", details={"needs": needs})


def look_at(caller: Caller, request: HttpRequest) -> None:
    """Narrows the call to the accounts that `?account=` names. Raises Refusal 404 for an unknown or hidden one, 400 for
    an empty one."""
    named = request.GET.get("account")
    if named is None:
        return
    try:
        sight.limit(caller.rights.accounts, choosing.keys_of(named))
    except choosing.NoName:
        raise bad_request("account needs the name of an account, or several with commas") from None
    except choosing.NoSuchAccount as unknown:
        raise not_found(f"account {unknown.name!r}") from None


def by_token(authorization: str, method: str = "", path: str = "") -> Caller:
    """The token's owner, or our own probe for its one question. Raises Refusal 401 for one unknown or revoked."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise _unknown("the Authorization header must be: Bearer TOKEN")
    known = ApiToken.objects.select_related("made_by__member")
    token = known.filter(digest=ApiToken.digest_of(text.strip()), revoked_at=None).first()
    if token is None:
        if heartbeat.is_token(text.strip(), method, path):
            return Caller("token", "token:probe", "probe", Rights(frozenset({Verb.READ})))
        raise _unknown("this token is unknown or revoked")
    if token.made_by is not None and not token.made_by.is_active:
        raise _unknown("whoever made this token was deactivated")
    if token.has_expired:
        raise _unknown("this token has expired")
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _USED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - _USED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return callers.of_token(token)


def _by_session(request: HttpRequest) -> Caller:
    user: Any = request.user
    if not user.is_authenticated:
        raise _unknown("send a token: Authorization: Bearer TOKEN")
    len(request.body)  # read it whole first: the check may look for the token in a form, and would use the stream up
    if _CsrfCheck(_no_view).wrong(request):
        raise Refusal(403, "forbidden", "the CSRF token is missing or wrong; programs use a bearer token")
    return callers.of_user(user)


class _CsrfCheck(CsrfViewMiddleware):
    """Django's check, whose refusal is told in our shape instead of by a page."""

    def wrong(self, request: HttpRequest) -> bool:
        request.csrf_processing_done = False  # type: ignore[attr-defined]
        self.process_request(request)
        return self.process_view(request, _no_view, (), {}) is not None

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG002
        return HttpResponse(reason, status=403)


def _no_view(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The check asks its view only whether it is exempt: none is."""
    return HttpResponse()


def _unknown(message: str) -> Refusal:
    return Refusal(401, "unauthorized", message)
