"""A request for many sandboxes: written down whole before it is answered, then carried out some at a time."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class BulkRequest(models.Model):
    """`position` of `keys` have been decided: `taken` actions came of it, `refused` were in no state for it.

    Written by `sandboxes.actions.bulk` alone, in the transaction that writes the actions: a crash neither loses nor
    doubles any.
    """

    bulk_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=16)
    actor_kind = models.CharField(max_length=8)
    actor_name = models.CharField(max_length=200)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")
    keys = ArrayField(models.IntegerField(), help_text="Of sandboxes, in the order in which they are decided.")
    position = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=dict, blank=True, help_text="Why not, by the sandbox's key.")
    held = models.BooleanField(default=False, db_default=False, help_text="Until a second person has approved it.")
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sandboxes_bulkwish"
        indexes = [models.Index(fields=["id"], condition=models.Q(finished_at=None), name="bulk_open")]

    def __str__(self) -> str:
        return f"{self.kind} {len(self.keys)} sandboxes"
