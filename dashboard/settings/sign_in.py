"""Settings, Sign-in: one's second factors and sessions; for admins of all accounts also what everybody needs."""

from datetime import UTC, datetime
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django import forms
from django.contrib import messages
from django.contrib.sessions.models import Session
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.access import factors, people, sessions, single_sign_on
from dashboard.access.factor_adapter import passkeys_offered
from dashboard.access.rights import Verb
from dashboard.models import SignInProvider, SignInRules
from dashboard.settings import permissions


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who must have a second factor, and whether passwords sign in."""

    class Meta:
        model = SignInRules
        fields = ("second_factor_from", "passwords_allowed")

    def __init__(self, *given: Any, by_provider: bool, **more: Any) -> None:
        super().__init__(*given, **more)
        self._by_provider = by_provider

    def clean_passwords_allowed(self) -> bool:
        """Raises ValidationError for whoever has not shown that they get in without one."""
        allowed: bool = self.cleaned_data["passwords_allowed"]
        if not allowed and not self._by_provider:
            raise forms.ValidationError(_("Sign in by single sign-on first: passwords can only be switched off then."))
        return allowed


@permissions.signed_in
def page(request: HttpRequest) -> HttpResponse:
    """One's own ways in, and where one is signed in."""
    user: Any = request.user
    held = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    recovery = next((one for one in held if one.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "app": next((one for one in held if one.type == Authenticator.Type.TOTP), None),
        "passkeys": [one for one in held if one.type == Authenticator.Type.WEBAUTHN],
        "passkeys_offered": passkeys_offered(),
        "codes_left": len(recovery.wrap().get_unused_codes()) if recovery else None,
        "lacks_factor": factors.lacks(user),
        "sessions": [_session(one, data, request) for one, data in people.sessions_of(user)],
        "identities": SocialAccount.objects.filter(user=user).order_by("pk"),
        "providers": single_sign_on.providers(),
        "stored_providers": SignInProvider.objects.all(),
        "callback": single_sign_on.callback_of("NAME"),
        "by_provider": _by_provider(request),
        "rules": SignInRules.current() if permissions.may(request, Verb.SYSTEM) else None,
        "rule_choices": SignInRules.SecondFactor.choices,
    }
    return permissions.show(request, "sign-in", context)


@require_POST
@permissions.signed_in
def end_session(request: HttpRequest, session_id: str) -> HttpResponse:
    """Ends one of one's own sessions; another one's is 404."""
    user: Any = request.user
    own = people.sessions_of(user)
    found = next((one for one, _data in own if people.session_id(one) == session_id), None)
    if found is None:
        raise Http404
    found.delete()
    messages.success(request, _("The session is signed out."))
    return redirect("settings-sign-in")


@require_POST
@permissions.signed_in
def rules(request: HttpRequest) -> HttpResponse:
    """What everybody needs, for admins of all accounts (dashboard/access/rules.py)."""
    form = RulesForm(request.POST, instance=SignInRules.current(), by_provider=_by_provider(request))
    if form.is_valid():
        made = form.save()
        passwords = "on" if made.passwords_allowed else "off"
        needs = made.get_second_factor_from_display()
        permissions.changed(request, made, f"Second factor: required of {needs}; passwords: {passwords}")
    else:
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    return redirect("settings-sign-in")


def _by_provider(request: HttpRequest) -> bool:
    """Whether this very session came by single sign-on."""
    records = get_authentication_records(request, request.user)
    return any(one.get("method") == "socialaccount" for one in records)


def _session(session: Session, data: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    def at(name: str) -> datetime | None:
        return datetime.fromtimestamp(data[name], UTC) if name in data else None

    return {
        "id": people.session_id(session),
        "signed_in": at(sessions.SIGNED_IN),
        "seen": at(sessions.SEEN),
        "ends": session.expire_date,
        "browser": data.get(sessions.BROWSER, ""),
        "current": session.session_key == request.session.session_key,
    }
