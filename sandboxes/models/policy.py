"""A policy, and its verdicts as intervals: who, from when to when, why."""

from django.db import models

from sandboxes.models.sandbox import Sandbox


class Policy(models.Model):
    """A rule for what is an orphan and what to do with it; fields as in the REST contract ("A policy")."""

    class Mode(models.TextChoices):
        DRY_RUN = "dry_run"
        ENFORCE = "enforce"

    class Act(models.TextChoices):
        KILL = "kill"
        PAUSE = "pause"
        NOTIFY = "notify"

    name = models.CharField(max_length=100, unique=True)
    version = models.PositiveIntegerField(default=1, help_text="Counts changes; a mark belongs to one version.")
    enabled = models.BooleanField(default=False)
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.DRY_RUN)
    match = models.JSONField(default=dict, blank=True)
    orphan_when = models.JSONField(default=dict)
    action = models.CharField(max_length=8, choices=Act.choices, default=Act.NOTIFY)
    quarantine_seconds = models.PositiveIntegerField(null=True, blank=True)
    grace_seconds = models.PositiveIntegerField(default=600)
    max_per_run = models.PositiveIntegerField(default=50)
    max_per_hour = models.PositiveIntegerField(default=200)
    max_fleet_fraction = models.FloatField(default=0.1)
    quiet_hours = models.JSONField(default=list, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    hits = models.PositiveIntegerField(default=0, help_text="Of the last run.")
    breaker_tripped_at = models.DateTimeField(null=True, blank=True)
    breaker_why = models.TextField(blank=True, default="")
    held_why = models.TextField(
        blank=True, default="", help_text="Why the last run did not act: a stale view, quiet hours."
    )

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class VerdictQuerySet(models.QuerySet["Verdict"]):
    """Verdicts by what they mean now."""

    def held(self) -> "VerdictQuerySet":
        """Those that are open, dry runs too; of no policy that is off. In SQL: `sandboxes_orphan_held`."""
        return self.filter(until=None, policy__enabled=True)

    def holding(self) -> "VerdictQuerySet":
        """Those by which a living sandbox is an orphan now. In SQL: `sandboxes_orphan_now`."""
        return self.held().exclude(sandbox__state=Sandbox.State.ENDED)


class Verdict(models.Model):
    """While it is open (`until` null), this policy holds this sandbox for an orphan, dry runs too."""

    policy = models.ForeignKey(Policy, models.SET_NULL, null=True, related_name="verdicts")
    policy_name = models.CharField(max_length=100, help_text="Stays when the policy is deleted.")
    policy_version = models.PositiveIntegerField()
    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="verdicts")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    reasons = models.JSONField(help_text='[{"rule", "evidence"}] as of the last run that held.')

    # Written by sandboxes.cleanup.owner_callback: the application was asked before a mark, and did not call it dead.
    spared_why = models.TextField(blank=True, default="")
    asked_at = models.DateTimeField(null=True, blank=True)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "sandbox"], condition=models.Q(until=None), name="verdict_open_once"
            )
        ]
        indexes = [models.Index(fields=["sandbox", "since"], name="verdict_by_sandbox")]

    def __str__(self) -> str:
        return f"{self.policy_name}: {self.sandbox_id}"
