"""Settings, Password: one's own, changed by whoever knows the present one; all other sessions end with it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, get_user_model, password_validation, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from dashboard.sandboxes.saved_views import user_key
from dashboard.settings import permissions

FIELDS = ("old", "new", "again")


class PasswordForm(forms.Form):
    """The present password, and the new one twice; guesses at the present one count like those at the sign-in."""

    old = forms.CharField(strip=False)
    new = forms.CharField(strip=False)
    again = forms.CharField(strip=False)

    def __init__(self, *given: Any, request: HttpRequest, user: User, **more: Any) -> None:
        super().__init__(*given, **more)
        self._request, self._user = request, user
        for field in self.fields.values():
            field.error_messages["required"] = _("Fill in this field")

    def clean_old(self) -> str:
        """Raises ValidationError for a wrong one, and while too many wrong ones came from this address."""
        old: str = self.cleaned_data["old"]
        if authenticate(self._request, username=self._user.get_username(), password=old) is None:
            braked = getattr(self._request, "sign_in_braked", False)
            raise forms.ValidationError(
                _("Too many wrong passwords from your address: try again in ten minutes")
                if braked
                else _("This is not your present password")
            )
        return old

    def clean_new(self) -> str:
        """Raises ValidationError, by Django's validators."""
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self._user)
        return new

    def clean(self) -> dict[str, Any]:
        """The two new ones are the same, and another than the present one."""
        cleaned: dict[str, Any] = super().clean() or {}
        old, new, again = (cleaned.get(name) for name in FIELDS)
        if new and again and new != again:
            self.add_error("again", _("The two new passwords differ"))
        if old and new and old == new:
            self.add_error("new", _("This is your present password"))
        return cleaned


@sensitive_post_parameters(*FIELDS)
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """The form; a right answer signs out everybody else who used the old password, this page stays signed in."""
    user = get_user_model().objects.get(pk=user_key(request))
    if not user.has_usable_password():
        return permissions.show(request, "password", {"elsewhere": True})
    posted = request.method == "POST"
    form = PasswordForm(request.POST, request=request, user=user) if posted else None
    if form is not None and form.is_valid():
        user.set_password(form.cleaned_data["new"])
        user.save(update_fields=["password"])
        update_session_auth_hash(request, user)
        permissions.wrote(request, user, "Own password changed")
        messages.success(request, _("Password changed. Your other sessions are signed out."))
        return redirect("settings-password")
    return permissions.show(request, "password", {"form": form, "rules": _rules()}, wrong=posted)


def _rules() -> list[str]:
    return password_validation.password_validators_help_texts()
