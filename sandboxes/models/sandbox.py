"""A sandbox as all its events tell it, and the lock that its claims share."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Coalesce, NullIf

from sandboxes.e2b.wire import MAX_SANDBOX_ID
from sandboxes.models.account import Account


class SandboxLock(models.Model):
    """One row per sandbox ID, whichever accounts list it and whatever their URLs say.

    Claims, leases and protection lock this row: an owner's word and a reaper's claim can never cross. Two accounts of
    one project may reach it by addresses that look different; where two backends share an ID, what holds for one
    protects both.
    """

    sandbox_id = models.CharField(max_length=MAX_SANDBOX_ID, unique=True)
    claim_number = models.PositiveBigIntegerField(default=0, help_text="Counts claims; a sender checks its own.")
    pending_action = models.ForeignKey(
        "sandboxes.Action", models.SET_NULL, null=True, blank=True, related_name="+", db_column="condemned_by_id",
        help_text="The open action after whose start a DELETE or a pause may be on its way.",
    )  # fmt: skip
    protected = models.BooleanField(default=False)
    protected_until = models.DateTimeField(null=True, blank=True)
    protected_reason = models.TextField(blank=True, default="")
    protected_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "sandboxes_guard"

    def __str__(self) -> str:
        return self.sandbox_id


class Sandbox(models.Model):
    """One sandbox of one account. Written by `events.inbox` alone, but for the fields marked otherwise.

    The primary key is a 4-byte integer on purpose: metric frames hold arrays of it.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        ENDED = "ended"
        UNKNOWN = "unknown"  # the backend's word for it is none that we know

    id = models.AutoField(primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="sandboxes", db_index=False)
    lock = models.ForeignKey(SandboxLock, models.PROTECT, related_name="sandboxes", db_column="guard_id")
    sandbox_id = models.CharField(max_length=MAX_SANDBOX_ID)
    template_id = models.CharField(max_length=128, blank=True, default="")
    template_name = models.CharField(max_length=200, null=True, blank=True)  # from AccountHealth.templates
    alias = models.CharField(max_length=200, null=True, blank=True)
    # What a template is called wherever one word stands for it; `sandboxes.base.naming` for what is no row.
    template_shown = models.GeneratedField(
        expression=Coalesce(
            NullIf("template_name", models.Value("")), NullIf("alias", models.Value("")), "template_id"
        ),
        output_field=models.CharField(max_length=200), db_persist=True,
    )  # fmt: skip
    state = models.CharField(max_length=8, choices=State.choices)
    backend_state = models.CharField(max_length=64, blank=True, default="", help_text="Its word, where unknown.")
    by_action = models.BooleanField(default=False, help_text="The state rests on an answer to our own action alone.")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField()
    listed_start = models.DateTimeField(null=True, blank=True, help_text="The startedAt that was listed last.")
    seen_running_at = models.DateTimeField(null=True, blank=True, help_text="The latest statement that it runs.")
    returned_at = models.DateTimeField(
        null=True, blank=True, help_text="When it came back after its death, or its ID was used again."
    )
    deletes_at = models.DateTimeField(null=True, blank=True, help_text="When the backend will delete a paused one.")
    end_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=64, null=True, blank=True)
    # Written by events.causes, taken back by the inbox when another end is told.
    probable_cause = models.JSONField(null=True, blank=True)
    cause_looked_at = models.DateTimeField(null=True, blank=True, help_text="Why it died was asked once.")
    cpu_count = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    memory_mb = models.PositiveIntegerField(null=True, blank=True)
    disk_mb = models.PositiveIntegerField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    owner = models.CharField(max_length=200, null=True, blank=True)
    environment = models.CharField(max_length=200, null=True, blank=True)
    envd_version = models.CharField(max_length=32, blank=True, default="")
    auto_resume = models.BooleanField(
        null=True, blank=True,
        help_text="Wakes on traffic when paused; null while not known. Written by who asks for one sandbox alone.",
    )  # fmt: skip
    closed_cost_usd = models.DecimalField(max_digits=16, decimal_places=8, default=0, help_text="Of its ended runs.")
    burn_usd_per_hour = models.DecimalField(max_digits=12, decimal_places=6, default=0, help_text="0 unless running.")
    first_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True, help_text="When a look first did not list it any more.")
    # Text, not jsonb: only events.fold reads it, whole, and PostgreSQL need not take it apart at each event.
    fold = models.TextField(default="{}", editable=False, help_text="The base of events.fold as JSON: stamps and runs.")
    # The last sample of a sandbox that is in no frame any more (paused, ended): written by sandboxes.metrics.polling.
    # While it runs, its newest sample is in the newest MetricFrame: thousands of rows are not rewritten each tick.
    cpu_pct = models.FloatField(null=True, blank=True)
    mem_used = models.BigIntegerField(null=True, blank=True)
    mem_total = models.BigIntegerField(null=True, blank=True)
    disk_used = models.BigIntegerField(null=True, blank=True)
    disk_total = models.BigIntegerField(null=True, blank=True)
    sampled_at = models.DateTimeField(null=True, blank=True)
    backfilled_from = models.DateTimeField(null=True, blank=True)  # written by sandboxes.metrics.series

    class Meta:
        verbose_name_plural = "sandboxes"
        # Each index is written at each event: the constraint and these serve every query, foreign keys included.
        constraints = [models.UniqueConstraint(fields=["sandbox_id", "account"], name="sandbox_once")]
        indexes = [
            models.Index(fields=["account", "state", "-started_at", "id"], name="sandbox_by_start"),
            models.Index(fields=["ended_at", "created_at"], name="sandbox_by_life"),
            models.Index(
                fields=["account", "-ended_at"], name="sandbox_cause_open",
                condition=models.Q(end_reason__in=["unknown", "vanished"], cause_looked_at=None),
            ),
            GinIndex(fields=["metadata"], opclasses=["jsonb_path_ops"], name="sandbox_by_metadata"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.sandbox_id
