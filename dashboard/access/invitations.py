"""Where an invited person chooses their password: once, within 72 hours."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import login, password_validation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from dashboard.access import known_browsers, people, provisioning, single_sign_on


class PasswordForm(forms.Form):
    """A password, twice."""

    password = forms.CharField(max_length=1024, strip=False)
    again = forms.CharField(max_length=1024, strip=False)

    def __init__(self, *given: Any, user: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._user = user

    def clean_password(self) -> str:
        """As AUTH_PASSWORD_VALIDATORS ask."""
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, self._user)
        return password

    def clean(self) -> dict[str, Any]:
        """Both alike."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "password" in cleaned and cleaned["password"] != cleaned.get("again"):
            self.add_error("again", _("The two passwords differ"))
        return cleaned


def address_of(text: str) -> str:
    """The address to hand over, built from PUBLIC_URL."""
    return settings.PUBLIC_URL + reverse("invitation", args=[text])


@never_cache
def accept(request: HttpRequest, text: str) -> HttpResponse:
    """The form; a POST takes the password and signs in. An invitation that is over is told apart from no page."""
    member = people.invited(text, timezone.now())
    if member is None:
        return render(request, "access/invitation.html", {"over": True}, status=410)
    if member.user.email:
        request.session[provisioning.INVITATION] = text  # a provider may vouch for the address instead
    form = PasswordForm(request.POST or None, user=member.user)
    if request.method == "POST" and form.is_valid():
        user = people.accept(text, form.cleaned_data["password"], timezone.now())
        if user is None:
            return render(request, "access/invitation.html", {"over": True}, status=410)
        login(request, user, backend="dashboard.access.sign_in.Braked")
        response = redirect("fleet")
        known_browsers.remember(request, response, user.get_username())
        return response
    context = {"form": form, "username": member.user.get_username(), "by": member.invited_by}
    if member.user.email:
        context["providers"] = [(name, address.partition("?")[0]) for name, address in single_sign_on.ways_in(request)]
    return render(request, "access/invitation.html", context, status=422 if form.errors else 200)
