"""What django-allauth asks of us for second factors: secrets encrypted with our key, passkeys bound to PUBLIC_URL."""

import ipaddress
import logging
import secrets
from base64 import b32encode
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _

from sandboxes.core import crypto

log = logging.getLogger(__name__)


def passkeys_offered() -> bool:
    """Whether browsers take passkeys here: under a host's name over https, or localhost; never an IP address."""
    address = urlsplit(settings.PUBLIC_URL)
    host = address.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or address.scheme == "https"
    return False


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps and seeds of recovery codes are stored as `fernet:…`."""

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """With a lost encryption key no code is right; `manage.py reset_second_factor` lets the person in."""
        try:
            return crypto.decrypt(encrypted_text)
        except crypto.CryptoError as error:
            log.error("a second factor can't be checked: %s", error)  # noqa: TRY400 - the message says it all
            return b32encode(secrets.token_bytes(20)).decode()

    def build_totp_svg(self, url: str) -> str:
        """Without the XML declaration: it stands in a page."""
        return str(super().build_totp_svg(url)).partition("?>")[2].strip()

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:  # noqa: A002, ARG002
        return _("Passkey")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": urlsplit(settings.PUBLIC_URL).hostname or "", "name": "Sandwarden"}
