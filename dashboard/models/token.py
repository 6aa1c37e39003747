"""An API token: only its hash is kept."""

import hashlib
import secrets

from django.db import models
from django.utils import timezone


class ApiToken(models.Model):
    """A bearer token by name. Its text is shown once, when it is made."""

    name = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    in_environment = models.BooleanField(default=False, editable=False, help_text="SANDWARDEN_API_TOKEN sets it.")

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def digest_of(text: str) -> str:
        """SHA-256 in hex. Tokens are long and random, so a slow hash would only slow down every call."""
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def make(cls, name: str, text: str | None = None) -> tuple["ApiToken", str]:
        """A new token named `name`, and its text: the one given, else 256 random bits."""
        text = text or f"sw_{secrets.token_urlsafe(32)}"
        return cls.objects.create(name=name, digest=cls.digest_of(text)), text
