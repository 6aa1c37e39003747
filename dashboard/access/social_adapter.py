"""What django-allauth asks of us for single sign-on: which providers there are, and who may come in by them."""

import functools
import logging
from typing import Any, Final, NoReturn

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from dashboard.access import openid, provisioning, single_sign_on
from dashboard.access.guarded_session import guarded
from dashboard.access.role_mapping import groups_in
from sandboxes.core import acting

TIMEOUT_SECONDS: Final = 10
log = logging.getLogger(__name__)


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Nobody is recognised by an address alone, and groups are mapped anew at each sign-in."""

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:  # noqa: ARG002
        return [_app(one) for one in single_sign_on.providers() if provider in {None, "openid_connect", one.slug}]

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:  # noqa: ARG002
        found = single_sign_on.provider(provider)
        if found is None:
            raise SocialApp.DoesNotExist
        return openid.Provider(request, app=_app(found))

    def get_requests_session(self) -> requests.Session:
        """What is sent to a provider never leads to a metadata service or another forbidden address."""
        session = guarded(requests.Session())
        session.request = functools.partial(session.request, timeout=TIMEOUT_SECONDS)  # type: ignore[method-assign]
        return session

    def authenticate_by_email(self, sociallogin: Any) -> None:
        """Never: an address says nothing about who owns a login here."""

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:  # noqa: ARG002
        return "/settings/sign-in/"

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Decides whether this identity comes in, and as what. Raises ImmediateHttpResponse for the way back."""
        known = single_sign_on.provider(sociallogin.account.provider)
        if known is None:
            _refuse(request, _("This provider is no longer set."))
        try:
            with acting.acting("server", known.name):  # what groups give, nobody here has given
                provisioning.admit(request, sociallogin, known, groups_in(sociallogin.claims.get(known.role_claim)))
        except provisioning.Refused as refused:
            log.warning("sign-in by %s refused: %s", known.name, refused)
            _refuse(request, str(refused))

    def on_authentication_error(self, request: HttpRequest, provider: Any, **more: Any) -> None:
        """Says it on the sign-in page; what exactly was wrong stands in the log."""
        error = more.get("exception") or more.get("error")
        log.warning("sign-in by %s failed: %s: %s", provider.name, type(error).__name__, error)
        _refuse(request, _("Signing in with %(name)s failed. Try again.") % {"name": provider.name})


def connected(user: User) -> list[SocialAccount]:
    """The identities that sign this person in."""
    return list(SocialAccount.objects.filter(user=user).order_by("pk"))


def _refuse(request: HttpRequest, why: str) -> NoReturn:
    messages.error(request, why)
    raise ImmediateHttpResponse(redirect("settings-sign-in" if request.user.is_authenticated else "login"))


def _app(one: single_sign_on.Provider) -> SocialApp:
    settings = {"server_url": one.issuer, "role_claim": one.role_claim}
    return SocialApp(
        provider="openid_connect", provider_id=one.slug, name=one.name, client_id=one.client_id,
        secret=one.client_secret, settings=settings,
    )  # fmt: skip
