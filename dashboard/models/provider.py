"""A provider at which people sign in by OpenID Connect, besides the one of the environment."""

from django.db import models

from sandboxes.models.fields import EncryptedTextField, HoldsSecrets


class SignInProvider(HoldsSecrets):
    """Set in Settings → Sign-in by an admin of all accounts. `slug` stands in its callback's address."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=40)
    issuer = models.URLField(max_length=200, unique=True)
    client_id = models.CharField(max_length=200)
    client_secret = EncryptedTextField(blank=True, default="")
    role_claim = models.CharField(max_length=100, default="groups")
    roles = models.TextField()
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
