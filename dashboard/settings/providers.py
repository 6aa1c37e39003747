"""Settings, Sign-in: providers of single sign-on, and one's own login connected with them."""

import time
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.access import provisioning, role_mapping, single_sign_on
from dashboard.models import SignInProvider
from dashboard.settings import permissions
from sandboxes.base import outbound


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A provider; an empty client secret keeps the one that is set, but for another issuer."""

    class Meta:
        model = SignInProvider
        fields = ("name", "slug", "issuer", "client_id", "client_secret", "role_claim", "roles")

    def clean_slug(self) -> str:
        """Raises ValidationError for the environment's own word."""
        slug: str = self.cleaned_data["slug"]
        if slug == single_sign_on.OF_ENVIRONMENT:
            raise forms.ValidationError(_("This word is the environment’s provider. Choose another one."))
        return slug

    def clean_issuer(self) -> str:
        """Raises ValidationError for an address that is never asked."""
        issuer: str = self.cleaned_data["issuer"].rstrip("/")
        if wrong := outbound.wrong_with(issuer):
            raise forms.ValidationError(wrong)
        return issuer

    def clean_roles(self) -> str:
        """Raises ValidationError for what is no mapping."""
        try:
            role_mapping.parse(self.cleaned_data["roles"])
        except role_mapping.BadMapping as wrong:
            raise forms.ValidationError(str(wrong)) from None
        roles: str = self.cleaned_data["roles"]
        return roles


@require_POST
@permissions.signed_in
def add(request: HttpRequest) -> HttpResponse:
    """One more provider, for admins of all accounts (dashboard/access/rules.py)."""
    form = ProviderForm(request.POST)
    if form.is_valid():
        made = form.save()
        permissions.changed(request, made, f"Provider {made.name} added", added=True)
    else:
        name, errors = next(iter(form.errors.items()))
        messages.error(request, f"{name}: {errors[0]}")
    return redirect("settings-sign-in")


@require_POST
@permissions.signed_in
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Enabled, disabled or removed: `do` says which. Identities of a removed one stay, and sign nobody in."""
    row, do = get_object_or_404(SignInProvider, slug=slug), request.POST.get("do", "")
    if do in {"enable", "disable"}:
        row.enabled = do == "enable"
        row.save(update_fields=["enabled"])
        permissions.changed(request, row, f"Provider {row.name} {do}d")
    elif do == "remove":
        permissions.changed(request, row, f"Provider {row.name} removed")
        row.delete()
    return redirect("settings-sign-in")


@require_POST
@permissions.signed_in
def connect(request: HttpRequest, slug: str) -> HttpResponse:
    """One's own word that an identity there may sign in as this login: it holds for ten minutes, and once."""
    found = single_sign_on.provider(slug)
    if found is None:
        messages.error(request, _("This provider is not set."))
        return redirect("settings-sign-in")
    request.session[provisioning.CONNECT] = [slug, time.time()]
    query = urlencode({"process": "connect", "next": reverse("settings-sign-in")})
    # A link and no redirect: the policy lets no form lead to another server.
    address = f"{reverse('openid_connect_login', args=[slug])}?{query}"
    context = {**permissions.around(request, "sign-in"), "provider": found, "address": address}
    return render(request, "settings/connect.html", context)


@require_POST
@permissions.signed_in
def disconnect(request: HttpRequest, pk: int) -> HttpResponse:
    """This identity no longer signs in; not the last way in of somebody without a password."""
    user: Any = request.user
    found = get_object_or_404(SocialAccount, pk=pk, user=user)
    if not user.has_usable_password() and SocialAccount.objects.filter(user=user).count() == 1:
        messages.error(request, _("This is your only way to sign in."))
    else:
        found.delete()
        permissions.changed(request, user, "Identity disconnected")
    return redirect("settings-sign-in")
