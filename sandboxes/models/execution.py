"""One run of a sandbox, and each move of its end: the record that cost, replay and time travel read."""

from django.db import models

from sandboxes.models.sandbox import Sandbox


class Execution(models.Model):
    """A run from its start or resume to its pause or end. Written by `events.inbox` alone."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="executions", db_index=False)
    key = models.CharField(max_length=128, help_text="E2B's execution ID, or `observed:` and its start.")
    execution_id = models.CharField(max_length=128, null=True, blank=True)
    started_at = models.DateTimeField()
    start_known = models.BooleanField(default=True, help_text="False when only a later event of the run was heard.")
    opened_by = models.CharField(max_length=64, blank=True, default="", help_text="created, resumed, or observed.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=64, blank=True, default="", help_text="paused, killed, vanished or unknown.")
    end_reason = models.CharField(max_length=64, null=True, blank=True)
    execution_ms = models.BigIntegerField(null=True, blank=True, help_text="As E2B told it.")
    cpu_count = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    memory_mb = models.PositiveIntegerField(null=True, blank=True)
    end_at = models.DateTimeField(null=True, blank=True, help_text="When E2B would end it, as last heard.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sandbox", "key"], name="execution_once")]
        indexes = [
            models.Index(fields=["started_at"], name="execution_by_start"),
            models.Index(fields=["ended_at"], name="execution_by_end"),
        ]

    def __str__(self) -> str:
        return self.key


class ExecutionEnd(models.Model):
    """A move of a run's end: at `at` it became `end_at`."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="ends", db_index=False)
    at = models.DateTimeField()
    end_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sandbox", "at", "end_at"], name="execution_end_once")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} → {self.end_at:%H:%M:%S}"
