"""An API token: only its hash is kept."""

import hashlib
import secrets
import zlib
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

PREFIX: Final = "swd_"
SHOWN: Final = 7  # characters of its text that lists show for ever after
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM: Final = 40  # of 62 digits: 238 bits
_CHECKSUM: Final = 6
# What a token may do that was made before tokens had scopes: all but the inside of a sandbox.
BEFORE_SCOPES: Final = ("read", "lease", "act", "admin")
_DEFAULT: partial[list[str]] = partial(list, BEFORE_SCOPES)


class ApiToken(models.Model):
    """A bearer token by name. Its text is shown once, when it is made.

    It may do what its scopes say, in its accounts (null: all), as far as its maker may do the same at that time.
    """

    name = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=8, blank=True, default="", db_default="", editable=False)
    scopes = ArrayField(
        models.CharField(max_length=16), default=_DEFAULT,
        db_default=models.Value(list(BEFORE_SCOPES), ArrayField(models.CharField(max_length=16))),
    )  # fmt: skip
    accounts = ArrayField(
        models.BigIntegerField(), null=True, blank=True, help_text="Keys of the accounts; empty (null) for all."
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, editable=False, related_name="api_tokens",
        db_constraint=False, db_index=False,  # either would lock both tables while a running server is upgraded
        help_text="Null for the environment's, and for those made before this was kept.",
    )  # fmt: skip
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    in_environment = models.BooleanField(default=False, editable=False, help_text="SANDWARDEN_API_TOKEN sets it.")

    def __str__(self) -> str:
        return self.name

    @property
    def has_expired(self) -> bool:
        """Whether it is past its end now."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @staticmethod
    def digest_of(text: str) -> str:
        """SHA-256 in hex. Tokens are long and random, so a slow hash would only slow down every call."""
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def make(
        cls,
        name: str,
        text: str | None = None,
        *,
        scopes: Collection[str] = BEFORE_SCOPES,
        accounts: Sequence[int] | None = None,
        made_by: Any = None,
        expires_at: datetime | None = None,
    ) -> tuple["ApiToken", str]:
        """A new token named `name`, and its text: the one given, else a random one (`new_text`)."""
        text = text or new_text()
        made = cls.objects.create(
            name=name, digest=cls.digest_of(text), prefix=text[:SHOWN] if text.startswith(PREFIX) else "",
            scopes=sorted(scopes), accounts=None if accounts is None else sorted(accounts), made_by=made_by,
            expires_at=expires_at,
        )  # fmt: skip
        return made, text


def new_text() -> str:
    """`swd_`, 40 random letters and digits, and 6 that check them: secret scanners know one without asking us."""
    body = "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM))
    return f"{PREFIX}{body}{checksum(body)}"


def checksum(body: str) -> str:
    """CRC-32 of the random part in base 62, six digits."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
