"""The freeze switch: while a row is open, no policy starts anything; who froze, why, and who lifted it."""

from django.db import models


class Freeze(models.Model):
    """Open while `lifted_at` is null; there is one open at most. Written by `sandboxes.cleanup.freezing` alone."""

    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    reason = models.TextField(blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=models.Q(lifted_at=None), name="freeze_open_once")
        ]

    def __str__(self) -> str:
        return f"frozen {self.at:%d %b %H:%M} by {self.by}"
