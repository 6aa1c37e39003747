"""The brake of an account: what policies did there together, and whether it has stopped them."""

from django.db import models

from sandboxes.models.account import Account


class AccountBrake(models.Model):
    """One row an account; whoever claims a policy's act locks it. Written by `sandboxes.actions.brake` alone."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="brake_state")
    tripped_at = models.DateTimeField(null=True, blank=True)
    why = models.TextField(blank=True, default="")
    counts_from = models.DateTimeField(null=True, blank=True, help_text="The last reset: acts before it do not count.")
    reset_by = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"brake of {self.account_id}"
