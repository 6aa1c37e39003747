"""Rules, the alerts that they fire, what is watched between two judgements, silences, and routes to channels."""

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Severity(models.TextChoices):
    """The API's words, most urgent last."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertRule(models.Model):
    """A rule; fields as in the REST contract ("Alerts"), those of its kind in `given`."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=24)
    given = models.JSONField(default=dict, blank=True, help_text="The fields that its kind takes.")
    enabled = models.BooleanField(default=True)
    for_seconds = models.PositiveIntegerField(default=60)
    resolve_at = models.FloatField(null=True, blank=True)
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.WARNING)
    group_by = models.JSONField(default=list, blank=True)
    match = models.JSONField(default=dict, blank=True, help_text='{"accounts": [names]}; none for all.')
    channels = models.JSONField(default=list, blank=True, help_text="Names.")
    route_by = models.CharField(max_length=200, null=True, blank=True)
    repeat_seconds = models.PositiveIntegerField(default=14_400)
    quiet_hours = models.JSONField(default=list, blank=True)
    shipped = models.BooleanField(default=False, editable=False, help_text="Came with Sandwarden.")
    records_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Until then it only records: it is new, or was changed."
    )
    error = models.TextField(blank=True, default="", editable=False, help_text="Why the last judgement failed.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One alert: from when its figure was beyond the limit until it was clear of it."""

    class State(models.TextChoices):
        FIRING = "firing"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    OPEN: Final = (State.FIRING, State.ACKNOWLEDGED)

    rule = models.ForeignKey(AlertRule, models.SET_NULL, null=True, related_name="alerts")
    rule_name = models.CharField(max_length=100, help_text="Stays when the rule is deleted.")
    kind = models.CharField(max_length=24)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.FIRING)
    group = models.JSONField(default=dict, help_text="What it is told apart by; none for one over everything.")
    group_key = models.TextField()
    accounts = ArrayField(models.BigIntegerField(), default=list, help_text="Keys of those that it concerns.")
    value = models.FloatField()
    peak = models.FloatField(help_text="The value that lay furthest beyond the limit.")
    threshold = models.FloatField(null=True)
    count = models.PositiveIntegerField(default=0, help_text="Sandboxes beyond the limit.")
    examples = models.JSONField(default=list, help_text="IDs of ten of them at most.")
    usd_per_hour = models.FloatField(default=0, help_text="What those beyond the limit cost.")
    told = models.JSONField(default=dict, help_text="What its sentence names besides.")
    started_at = models.DateTimeField(help_text="When its figure was first beyond the limit.")
    fired_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True, default="")
    note = models.TextField(blank=True, default="")
    silence = models.ForeignKey(
        "sandboxes.Silence", models.SET_NULL, null=True, blank=True, related_name="alerts",
        help_text="What silences it now, or did when it was resolved.",
    )  # fmt: skip
    records_until = models.DateTimeField(null=True, help_text="Until then it is only recorded.")
    held_back = models.CharField(max_length=16, blank=True, default="", help_text="Why nobody was told of it last.")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When its firing was told last.")
    over_told = models.BooleanField(default=False)
    seen_at = models.DateTimeField(help_text="The last judgement that knew its figure.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "group_key"], condition=models.Q(resolved_at=None), name="alert_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["-fired_at"], name="alert_by_time"),
            models.Index(fields=["rule", "-fired_at"], name="alert_by_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_name} {self.group or ''}"


class AlertWatch(models.Model):
    """A group that is beyond a rule's limit, or was and is not over yet: `rules.life.Watch`, between two judgements."""

    rule = models.ForeignKey(AlertRule, models.CASCADE, related_name="watches", db_index=False)
    group_key = models.TextField()
    since = models.DateTimeField()
    judged_at = models.DateTimeField()
    over_seconds = models.FloatField(default=0)
    clear_seconds = models.FloatField(null=True)
    known = models.BooleanField(default=True)
    accounts = ArrayField(models.BigIntegerField(), default=list)
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="watches", help_text="Once it fires.")

    class Meta:
        verbose_name_plural = "alert watches"
        constraints = [models.UniqueConstraint(fields=["rule", "group_key"], name="alert_watch_once")]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.group_key}"


class Silence(models.Model):
    """Alerts that match are judged and shown, and nobody is told of them."""

    match = models.JSONField(help_text="As in the REST contract; all that is given must hold.")
    since = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.TextField()
    made_by = models.CharField(max_length=200)
    ended_by = models.CharField(max_length=200, blank=True, default="", help_text="Who ended it before its time.")
    accounts = ArrayField(
        models.BigIntegerField(), null=True, help_text="Keys of the accounts whose alerts it silences; null for all."
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"silence {self.pk}"


class AlertRoutes(models.Model):
    """Which channels alerts go to by their group; one row."""

    routes = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "alert routes"

    def __str__(self) -> str:
        return "routes"


class AlertClock(models.Model):
    """The judging itself: when it began, when it was last done; one row."""

    started_at = models.DateTimeField(help_text="Our start: for 15 minutes from then on alerts are only recorded.")
    judged_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True, help_text="Processor time of the last round.")
    disk_free = models.JSONField(default=list, help_text="[[ISO 8601 hour, bytes free]], of the last 14 days.")

    def __str__(self) -> str:
        return "alert clock"
