"""Providers at which people sign in by OpenID Connect: the environment's, and those of Settings → Sign-in."""

from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from dashboard.models import SignInProvider
from sandboxes.models.fields import opened

OF_ENVIRONMENT: Final = "sso"  # in the callback's address


@dataclass(frozen=True)
class Provider:
    """`roles` as `role_mapping.parse` reads them."""

    slug: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    role_claim: str
    roles: str


def providers() -> list[Provider]:
    """Those that are set and enabled; the environment's first. An issuer counts once."""
    stored = SignInProvider.objects.filter(enabled=True).exclude(slug=OF_ENVIRONMENT)
    found = [*_of_environment(), *(_of_row(row) for row in stored)]
    return list({one.issuer.rstrip("/"): one for one in reversed(found)}.values())[::-1]


def provider(slug: str) -> Provider | None:
    """The one whose callback has this word in its address."""
    return next((one for one in providers() if one.slug == slug), None)


def ways_in(request: HttpRequest) -> list[tuple[str, str]]:
    """Name of each provider, and the address where signing in with it begins and comes back to this page."""
    there = request.GET.get("next") or request.POST.get("next")
    if not there and request.path != reverse("login"):
        there = request.get_full_path()
    query = f"?{urlencode({'next': there})}" if there else ""
    return [(one.name, reverse("openid_connect_login", args=[one.slug]) + query) for one in providers()]


def callback_of(slug: str) -> str:
    """The address to enter at the provider."""
    return settings.PUBLIC_URL + reverse("openid_connect_callback", args=[slug])


def _of_environment() -> list[Provider]:
    if not (settings.OIDC_ISSUER and settings.OIDC_CLIENT_ID):
        return []
    return [
        Provider(
            OF_ENVIRONMENT, settings.OIDC_NAME, settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID,
            settings.OIDC_CLIENT_SECRET, settings.OIDC_ROLE_CLAIM, settings.OIDC_ROLES,
        )
    ]  # fmt: skip


def _of_row(row: SignInProvider) -> Provider:
    secret = opened(row, "client_secret") or ""
    return Provider(row.slug, row.name, row.issuer, row.client_id, secret, row.role_claim, row.roles)
