"""Settings, Sign-in: one's second factors, by django-allauth's own pages in the frame of Settings."""

from typing import Any, ClassVar

from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy

from dashboard.access.factor_adapter import passkeys_offered
from dashboard.settings import permissions


class _InSettings:
    """Django's view, with what the frame of Settings shows."""

    request: HttpRequest
    part: ClassVar[str]

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**more)  # type: ignore[misc]
        return {**permissions.around(self.request, "sign-in"), **context, "part": self.part}

    def get_template_names(self) -> list[str]:
        return ["settings/second_factor.html"]


class AddApp(_InSettings, totp.ActivateTOTPView):  # type: ignore[misc]
    """A QR code, and a first code from the app."""

    part = "app"


class RemoveApp(_InSettings, totp.DeactivateTOTPView):  # type: ignore[misc]
    """Asks once more."""

    part = "app-remove"


class AddPasskey(_InSettings, passkeys.AddWebAuthnView):  # type: ignore[misc]
    """A name, and the browser's own dialog; only where browsers take passkeys."""

    part = "passkey"

    def dispatch(self, request: HttpRequest, *given: Any, **more: Any) -> HttpResponseBase:
        if not passkeys_offered():
            raise Http404
        answer: HttpResponseBase = super().dispatch(request, *given, **more)
        return answer


class RenamePasskey(_InSettings, passkeys.EditWebAuthnView):  # type: ignore[misc]
    """Another name."""

    part = "passkey-name"
    success_url = reverse_lazy("settings-sign-in")


class RemovePasskey(_InSettings, passkeys.RemoveWebAuthnView):  # type: ignore[misc]
    """Asks once more."""

    part = "passkey-remove"
    success_url = reverse_lazy("settings-sign-in")


class ShowCodes(_InSettings, codes.ViewRecoveryCodesView):  # type: ignore[misc]
    """Those that are not used yet."""

    part = "codes"


class NewCodes(_InSettings, codes.GenerateRecoveryCodesView):  # type: ignore[misc]
    """Ten new ones; the old ones are void."""

    part = "codes-new"
