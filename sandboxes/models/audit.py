"""The trail behind the audit: what changed on which action, when, each entry sealed to the one before."""

from django.db import models


class AuditEntry(models.Model):
    """Written by a trigger of the database whenever an action is made, changed or deleted, whoever does it.

    `change` is the whole action when it is made, else the fields that changed. `number` and `hash` are set once, some
    seconds later (`sandboxes.actions.audit.seal`); another trigger refuses every other change of an entry.
    """

    at = models.DateTimeField()
    action_id = models.BigIntegerField(db_index=True)
    change = models.JSONField()
    number = models.BigIntegerField(null=True, unique=True, help_text="Its place in the chain, from 1 on.")
    hash = models.BinaryField(null=True, max_length=32, help_text="SHA-256 over the entry and the hash before it.")

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["id"], condition=models.Q(number=None), name="audit_unsealed")]

    def __str__(self) -> str:
        return f"entry {self.number or 'to be sealed'} on action {self.action_id}"
