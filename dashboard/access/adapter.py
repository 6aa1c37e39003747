"""What django-allauth asks of us: nobody registers, addresses are counted as ours are, and known browsers are noted."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from dashboard.access import known_browsers, sessions
from dashboard.access.client_address import of_meta


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing in by name and password. Only an invitation makes a person."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def is_ajax(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Programs that post the form get what browsers get, whatever they accept."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return of_meta(request.META, settings.TRUSTED_PROXIES)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Tries are counted by the brake, for whoever asks (`dashboard/access/brake.py`)."""

    def get_login_stages(self) -> list[str]:
        """Those of ours: no codes by mail or phone, no verified addresses."""
        return [one for one in super().get_login_stages() if not one.startswith("allauth.account.")]

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:  # noqa: ARG002
        """Signing in counts as well (dashboard/access/sessions.py)."""
        return not sessions.is_confirmed(context.request)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **more: Any) -> HttpResponse:
        """After every stage, a second factor too: this browser is known from now on."""
        response: HttpResponse = super().post_login(request, user, **more)
        known_browsers.remember(request, response, user.get_username())
        return response

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:  # noqa: ARG002
        messages.error(request, _("You can’t sign in: an admin has deactivated you."))
        return redirect("login")

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *rest: Any, **more: Any
    ) -> None:
        """What is seen anyway ("signed in as …") is not said as well."""
        if not (message_template or "").startswith("account/"):
            super().add_message(request, level, message_template, *rest, **more)
