"""What a person may do, and in which accounts."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Member(models.Model):
    """A login's role. A login without one is an admin of all accounts where it is staff, else a viewer of all."""

    class Role(models.TextChoices):
        """See `dashboard.access.rights.ROLES`."""

        VIEWER = "viewer"
        OPERATOR = "operator"
        ADMIN = "admin"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="member")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.VIEWER)
    accounts = ArrayField(
        models.BigIntegerField(), null=True, blank=True, help_text="Keys of the accounts; empty (null) for all."
    )
    invited_by = models.CharField(max_length=150, blank=True, default="")
    invitation = models.CharField(max_length=64, blank=True, default="", help_text="SHA-256 of the invitation's token.")
    invited_until = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True, help_text="To ten minutes.")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"

    def save(self, *args: Any, **options: Any) -> None:
        """Django's admin is for admins of all accounts, and for no one else."""
        super().save(*args, **options)
        everywhere = self.role == self.Role.ADMIN and self.accounts is None
        if (self.user.is_staff, self.user.is_superuser) != (everywhere, everywhere):
            self.user.is_staff = self.user.is_superuser = everywhere
            self.user.save(update_fields=["is_staff", "is_superuser"])
