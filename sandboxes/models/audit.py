"""The trail behind the audit: what changed on which action or setting, when, each entry sealed to the one before."""

from django.db import models


class AuditEntry(models.Model):
    """Written by triggers of the database whenever an action or a setting is made, changed or deleted, whoever does it.

    `change` is the whole action when it is made, else the fields that changed. `number` and `hash` are set once, some
    seconds later (`sandboxes.actions.audit.seal`); another trigger refuses every other change of an entry.

    Entries of action 0 are the chain's own words, `checkpoint` and `erasure`, and what was changed or done elsewhere
    than at a sandbox: under `setting`, as the migration `audit_of_settings` says.
    """

    at = models.DateTimeField()
    action_id = models.BigIntegerField(db_index=True)
    change = models.JSONField()
    number = models.BigIntegerField(null=True, unique=True, help_text="Its place in the chain, from 1 on.")
    hash = models.BinaryField(null=True, max_length=32, help_text="SHA-256 over the entry and the hash before it.")

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["id"], condition=models.Q(number=None), name="audit_unsealed"),
            models.Index(fields=["-id"], condition=models.Q(action_id=0), name="audit_of_settings"),
        ]

    def __str__(self) -> str:
        about = f"action {self.action_id}" if self.action_id else "settings"
        return f"entry {self.number or 'to be sealed'} on {about}"
