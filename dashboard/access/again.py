"""Asks whoever changes something sensitive who they are, when they last said so more than ten minutes ago.

What was typed stays in the question's own form, in the browser alone, and is sent on with the answer: nothing is lost,
and no typed secret is kept here.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

from allauth.account.adapter import get_adapter
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from dashboard.access import sessions, single_sign_on
from dashboard.access.factor_adapter import passkeys_offered

LOOKS: Final = ("GET", "HEAD", "OPTIONS")
FIELDS: Final = ("again", "again_password", "again_code", "again_credential")
Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]


class AgainForm(forms.Form):
    """The password, a code of the app or a recovery code, or what the passkey says: one of them."""

    again_password = forms.CharField(max_length=4096, strip=False, required=False)
    again_code = forms.CharField(max_length=40, required=False)
    again_credential = forms.CharField(max_length=20_000, required=False)

    def __init__(self, *given: Any, request: HttpRequest, **more: Any) -> None:
        super().__init__(*given, **more)
        self._request = request
        self._user: Any = request.user

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError for a wrong answer; guesses count like those at the sign-in."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("again_password"):
            if not get_adapter().reauthenticate(self._user, cleaned["again_password"]):
                braked = getattr(self._request, "sign_in_braked", False)
                raise forms.ValidationError(
                    _("Too many wrong passwords. Try again in ten minutes.") if braked else _("Wrong password.")
                )
        elif cleaned.get("again_code"):
            self._by_factor(ReauthenticateForm(user=self._user, data={"code": cleaned["again_code"]}))
        elif cleaned.get("again_credential"):
            answer = {"credential": cleaned["again_credential"]}
            self._by_factor(ReauthenticateWebAuthnForm(user=self._user, data=answer))
        else:
            raise forms.ValidationError(_("Enter your password or a code."))
        return cleaned

    def _by_factor(self, form: Any) -> None:
        if not form.is_valid():
            raise forms.ValidationError(next(iter(form.errors.values()))[0])
        form.save()


def asked(view: View[Rest], *, looks: bool = False) -> View[Rest]:
    """Wraps a view: what it is sent is only done by somebody who confirmed within ten minutes who they are; with
    `looks` it shows nothing else either. REST has tokens and is not concerned."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if request.method in LOOKS and not looks:
            return view(request, *args, **kwargs)
        if "again" in request.POST:
            form = AgainForm(request.POST, request=request)
            if not sessions.is_confirmed(request) and not form.is_valid():
                return _question(request, form)
            sessions.confirm(request)
            if request.POST["again"] in LOOKS:
                return redirect(request.get_full_path())
            _take_out(request)
        elif not sessions.is_confirmed(request):
            return _question(request, AgainForm(request=request))
        return view(request, *args, **kwargs)

    return cast("View[Rest]", sensitive_post_parameters()(login_required(guarded)))


def _question(request: HttpRequest, form: AgainForm) -> HttpResponse:
    user: Any = request.user
    types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    has_passkey = Authenticator.Type.WEBAUTHN in types and passkeys_offered()
    context = {
        "form": form,
        "method": request.POST.get("again", request.method),
        "typed": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in {*FIELDS, "csrfmiddlewaretoken"}
            for value in values
        ],
        "has_password": user.has_usable_password(),
        "has_code": bool(types - {Authenticator.Type.WEBAUTHN}),
        "passkey": begin_authentication(user) if has_passkey else None,
        "providers": [] if types or user.has_usable_password() else single_sign_on.ways_in(request),
    }
    wrong = form.is_bound and not request.headers.get("HX-Request")
    response = render(request, "access/again.html", context, status=422 if wrong else 200)
    response["Cache-Control"] = "no-store"
    response["HX-Push-Url"] = "false"
    return response


def _take_out(request: HttpRequest) -> None:
    """The view gets what was typed into its own form, and nothing of ours."""
    kept = request.POST.copy()
    for name in FIELDS:
        kept.pop(name, None)
    kept._mutable = False
    request.POST = kept  # type: ignore[assignment]
