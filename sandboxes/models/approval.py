"""What waits for a second person: who asked for what, until when, and who decided."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Approval(models.Model):
    """Written by `sandboxes.cleanup.approvals` alone. Both persons stand in the audit of settings, each as an actor."""

    class Kind(models.TextChoices):
        BULK = "bulk"
        ENFORCE = "enforce"
        BRAKE = "brake"
        UNFREEZE = "unfreeze"

    class State(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        REJECTED = "rejected"
        EXPIRED = "expired"
        VOID = "void"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_kind = models.CharField(max_length=8, help_text="user or token.")
    asked_by = models.CharField(max_length=200)
    person = models.BigIntegerField(null=True, help_text="Key of the person behind it; null for a token of nobody's.")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accounts = ArrayField(models.BigIntegerField(), null=True, help_text="Keys of those concerned; null for all.")
    summary = models.CharField(max_length=300)
    wanted = models.JSONField(help_text="What is done once it is approved, by kind.")
    decided_by = models.CharField(max_length=200, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["expires_at"], condition=models.Q(state="waiting"), name="approval_waiting")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.state}"
