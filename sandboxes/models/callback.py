"""Where an account's application can be asked which of its sandboxes are still alive."""

from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator
from django.db import models

from sandboxes.base import outbound
from sandboxes.models.account import Account
from sandboxes.models.fields import EncryptedTextField, HoldsSecrets

SHORTEST_SECRET = 16


class OwnerCallback(HoldsSecrets):
    """One for an account. The last three fields are written by `sandboxes.cleanup.owner_callback` alone."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="owner_callback")
    url = models.URLField(max_length=500, help_text="Gets a signed POST; redirects are not followed.")
    secret = EncryptedTextField(
        validators=[MinLengthValidator(SHORTEST_SECRET)], help_text="Signs the question: HMAC-SHA256."
    )
    enabled = models.BooleanField(default=True)
    timeout_seconds = models.FloatField(default=5.0, help_text="For one question of up to 500 IDs; 30 at most.")
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, help_text="The last answer that could be read.")
    error = models.TextField(blank=True, default="", help_text="Why the last question got no usable answer.")

    def __str__(self) -> str:
        return f"{self.account_id}: {self.url}"

    def clean(self) -> None:
        """Raises ValidationError for an address where nothing is ever sent, and for one with a user name in it."""
        if why := outbound.wrong_with(self.url):
            raise ValidationError({"url": why})
