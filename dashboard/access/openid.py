"""OpenID Connect as django-allauth does it, with what it leaves out: a nonce, the signature checked in any case, and an
identity that is issuer and subject together."""

import secrets
from hashlib import sha256
from typing import Any, Final

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from dashboard.access import id_tokens, single_sign_on

NONCES: Final = "oidc_nonces"  # in the session
MOST_NONCES: Final = 10


class Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """One provider's addresses, and what it says of who signs in."""

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **more: Any) -> Any:
        """Reads the ID token alone, by its signature. Raises OAuth2Error for one that is wrong in any part."""
        text = more["response"].get("id_token")
        if not text:
            raise OAuth2Error("the provider sent no ID token")
        said = self._checked(app, text)
        nonces: list[str] = request.session.get(NONCES, [])
        if said.get("nonce") not in nonces:
            raise OAuth2Error("the ID token has a wrong nonce")
        request.session[NONCES] = [one for one in nonces if one != said["nonce"]]
        userinfo = self._userinfo(said, token)
        claims = {**userinfo, **said}
        login = self.get_provider().sociallogin_from_response(request, claims)
        login.claims = claims
        return login

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:  # noqa: ARG002
        return single_sign_on.callback_of(self.provider_id)

    def _checked(self, app: SocialApp, text: str) -> dict[str, Any]:
        issuer: str = self.openid_config["issuer"]
        if issuer.rstrip("/") != app.settings["server_url"].rstrip("/"):
            raise OAuth2Error("the provider names another issuer than the one that is set")
        try:
            return id_tokens.read(text, self.keys(), issuer, app.client_id)
        except id_tokens.BadToken as bad:
            raise OAuth2Error(str(bad)) from bad

    def keys(self) -> list[dict[str, Any]]:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            keys: list[dict[str, Any]] = answer.json()["keys"]
        return keys

    def _userinfo(self, said: dict[str, Any], token: Any) -> dict[str, Any]:
        """Groups and address, where the provider leaves them out of the ID token."""
        claim = self.get_provider().app.settings["role_claim"]
        if claim in said or "userinfo_endpoint" not in self.openid_config:
            return {}
        more: dict[str, Any] = self._fetch_user_info(token.token)
        if more.get("sub") != said["sub"]:
            raise OAuth2Error("the provider describes another person than the one who signed in")
        return more


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """Identity is issuer and subject: another provider under the same name knows nobody."""

    oauth2_adapter_class = Adapter
    pkce_enabled_default = True

    def extract_uid(self, data: dict[str, Any]) -> str:
        whole = f"{data['iss']} {data['sub']}"
        return whole if len(whole) <= 190 else sha256(whole.encode()).hexdigest()

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is kept of it: nothing that is not needed to show whose it is."""
        return {name: data[name] for name in ("iss", "email", "preferred_username") if name in data}

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:  # noqa: ARG002
        """Nothing that the address of the request says, and a nonce that is good once."""
        nonce = secrets.token_urlsafe(24)
        request.session[NONCES] = [*request.session.get(NONCES, []), nonce][-MOST_NONCES:]
        again = {"prompt": "login"} if request.user.is_authenticated else {}
        return {**again, "nonce": nonce}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:  # noqa: ARG002
        scopes: list[str] = self.get_scope()
        return scopes


def login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Leads to the provider. Raises Http404 for one that is not set."""
    return _view(OAuth2LoginView, request, provider_id)


def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Where the provider sends people back."""
    return _view(OAuth2CallbackView, request, provider_id)


def _view(kind: Any, request: HttpRequest, provider_id: str) -> HttpResponseBase:
    if single_sign_on.provider(provider_id) is None:
        raise Http404
    answer: HttpResponseBase = kind.adapter_view(Adapter(request, provider_id))(request)
    return answer
