"""The first answer to a POST, kept 24 h under its Idempotency-Key."""

from datetime import datetime, timedelta
from typing import Final

from django.db import models

KEPT: Final = timedelta(hours=24)


class IdempotentAnswer(models.Model):
    """The same key and body gets this answer again; another body under the key is a conflict."""

    token = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(null=True, help_text="Null while the first call is at work.")
    body = models.BinaryField(default=b"")
    headers = models.JSONField(default=dict, db_default={}, help_text="Header values by name.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="idempotency_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_time")]

    def __str__(self) -> str:
        return self.key

    @classmethod
    def delete_old(cls, now: datetime) -> int:
        """Deletes answers past their 24 hours; how many."""
        return cls.objects.filter(created_at__lte=now - KEPT).delete()[0]
