"""Signing in and out, through django-allauth's stages."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.account.views import LoginView
from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from dashboard.access import single_sign_on
from dashboard.models import SignInRules


class SignInForm(forms.Form):
    """A name and a password, under the names of Django's own form: programs post it."""

    username = forms.CharField(max_length=150, strip=True)
    password = forms.CharField(max_length=4096, strip=False)

    def __init__(self, *given: Any, request: HttpRequest, **more: Any) -> None:
        super().__init__(*given, **more)
        self._request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        """Asks the backends. Raises ValidationError for a wrong pair and for one too many."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            self.user = get_adapter().authenticate(self._request, **cleaned)
            if self.user is None:
                raise forms.ValidationError(_("Wrong username or password."))
        return cleaned

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        """Signs in, or leads to the next stage."""
        credentials = {"username": self.cleaned_data["username"]}
        login = Login(user=self.user, redirect_url=redirect_url)
        return cast("HttpResponse", perform_password_login(request, credentials, login))


class SignIn(LoginView):  # type: ignore[misc]
    """Our page at /login/; whoever is signed in is led on."""

    form_class = SignInForm
    template_name = "login.html"

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**more)
        sent = self.request.POST if self.request.method == "POST" else self.request.GET
        rules = SignInRules.current()
        return {
            **context,
            "next": sent.get("next", ""),
            "providers": single_sign_on.ways_in(self.request),
            "passwords_allowed": rules.passwords_allowed,
        }


login = SignIn.as_view()
logout = LogoutView.as_view()
