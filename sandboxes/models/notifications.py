"""Whom we notify: channels, what was to be said, and what became of it on each channel."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from sandboxes.models.account import Account
from sandboxes.models.fields import EncryptedTextField, HoldsSecrets


class Channel(HoldsSecrets):
    """Where notifications go. Address and secret are encrypted at rest and never shown again."""

    class Kind(models.TextChoices):
        """The API's words."""

        EMAIL = "email"
        SLACK = "slack"
        PAGERDUTY = "pagerduty"
        WEBHOOK = "webhook"
        APPRISE = "apprise"

    class Severity(models.TextChoices):
        """The API's words, most urgent last."""

        INFO = "info"
        WARNING = "warning"
        CRITICAL = "critical"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    url = EncryptedTextField(blank=True, default="", help_text="The address, which may itself be the secret.")
    secret = EncryptedTextField(blank=True, default="", help_text="PagerDuty's integration key, a webhook's secret.")
    url_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the address was set.")
    destination = models.CharField(max_length=200, editable=False, help_text="The address, masked.")
    min_severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.INFO)
    events = ArrayField(models.CharField(max_length=32), default=list)
    allow_private = models.BooleanField(default=False, help_text="Addresses of private networks, this machine too.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ChannelState(models.Model):
    """How sending on a channel goes, and who sends on it now; kept apart so that the channel's row stays still."""

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="sending")
    leased_by = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    ms = models.PositiveIntegerField(null=True, help_text="How long the last message took.")
    failing_since = models.DateTimeField(null=True, help_text="The first failure since the last message that arrived.")
    error = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"sending on {self.channel_id}"


class Notification(models.Model):
    """Something to be told. What is about one `subject` (an alert's ID) arrives in order on each channel."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    type = models.CharField(max_length=32, help_text="alert.firing, alert.resolved, orphan.marked …")
    subject = models.CharField(max_length=200)
    severity = models.CharField(max_length=8, choices=Channel.Severity.choices)
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, related_name="+", help_text="Null: several, or none."
    )
    cause = models.TextField(blank=True, default="", help_text="What is alike in this is one cause, told once.")
    created_at = models.DateTimeField()
    data = models.JSONField(help_text="What a webhook receives.")

    class Meta:
        indexes = [
            models.Index(fields=["subject", "type"], name="notification_by_subject"),
            models.Index(fields=["created_at"], name="notification_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"


class Delivery(models.Model):
    """One notification on one channel. `sandboxes.notifications` alone writes these."""

    class State(models.TextChoices):
        """The API's words; what is suppressed was not wanted there, `error` says why."""

        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"
        SUPPRESSED = "suppressed"

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="deliveries", db_index=False)
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True, related_name="deliveries", db_index=False)
    channel_name = models.CharField(max_length=100, help_text="Stays when the channel is removed.")
    state = models.CharField(max_length=12, choices=State.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    held = models.BooleanField(default=False, help_text="Waits for a digest.")
    digest = models.UUIDField(null=True, help_text="The message that it is one line of.")
    at = models.DateTimeField(null=True, help_text="When it arrived, else the last try.")
    error = models.TextField(blank=True, default="")
    answer = models.TextField(blank=True, default="", help_text="What the other side answered; bounded and masked.")
    ms = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once_on_a_channel"),
        ]
        indexes = [
            models.Index(fields=["channel", "id"], condition=models.Q(state="waiting"), name="delivery_waiting"),
            models.Index(fields=["channel", "-id"], name="delivery_by_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} on {self.channel_name}"


class HappeningsMark(models.Model):
    """Up to which entry of the audit a kind of event was found for webhook channels."""

    kind = models.CharField(max_length=32, primary_key=True)
    number = models.BigIntegerField(help_text="Number of the last entry that was looked at.")

    def __str__(self) -> str:
        return f"{self.kind} up to {self.number}"
