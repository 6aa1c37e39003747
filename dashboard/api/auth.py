"""Who calls: a program by its bearer token, or a person by the page's session."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from ninja.security.base import AuthBase

from dashboard.api.errors import Refusal
from dashboard.api.strict import refuse_unknown_parameters
from dashboard.models import ApiToken
from dashboard.system import heartbeat

_USED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Caller:
    """`key` tells callers apart for ever, `name` is what the audit trail shows."""

    kind: Literal["token", "user"]
    key: str
    name: str

    @property
    def label(self) -> str:
        """As records that keep one text name it: `ada`, or `token ci`."""
        return self.name if self.kind == "user" else f"token {self.name}"


class TokenOrSession(AuthBase):
    """`Authorization: Bearer TOKEN`, else the login of the pages with its CSRF token on calls that change."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Caller:
        given = request.headers.get("Authorization")
        caller = by_token(given, request.method or "", request.path) if given is not None else _by_session(request)
        refuse_unknown_parameters(request)  # only now: who may not call learns nothing of what may be asked
        return caller


def by_token(authorization: str, method: str = "", path: str = "") -> Caller:
    """The token's owner, or our own probe for its one question. Raises Refusal 401 for one unknown or revoked."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise _unknown("the Authorization header must be: Bearer TOKEN")
    token = ApiToken.objects.filter(digest=ApiToken.digest_of(text.strip()), revoked_at=None).first()
    if token is None:
        if heartbeat.is_token(text.strip(), method, path):
            return Caller("token", "token:probe", "probe")
        raise _unknown("this token is unknown or revoked")
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _USED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - _USED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return Caller("token", f"token:{token.pk}", token.name)


def _by_session(request: HttpRequest) -> Caller:
    user: Any = request.user
    if not user.is_authenticated:
        raise _unknown("send a token: Authorization: Bearer TOKEN")
    len(request.body)  # read it whole first: the check may look for the token in a form, and would use the stream up
    if _CsrfCheck(_no_view).wrong(request):
        raise Refusal(403, "forbidden", "the CSRF token is missing or wrong; programs use a bearer token")
    return Caller("user", f"user:{user.pk}", user.get_username())


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


def staff_only(request: HttpRequest) -> None:
    """What the pages leave to staff, a login may not do here either; tokens may. Raises Refusal 403."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    if caller.kind == "user" and not getattr(request.user, "is_staff", False):
        raise Refusal(403, "forbidden", "only staff may change this; everybody who is signed in may look")


def _unknown(message: str) -> Refusal:
    return Refusal(401, "unauthorized", message)
