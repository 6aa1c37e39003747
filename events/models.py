"""The event record, the deliveries that were no event, and how far reconcile has read."""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from sandboxes.base.masking import mask
from sandboxes.core.secrets_at_rest import learn
from sandboxes.e2b.wire import MAX_SANDBOX_ID
from sandboxes.models import Account

SHOWN_BYTES: Final = 8192
MASKED_BYTES: Final = SHOWN_BYTES + 1024  # a secret that begins before the cut ends within these


class VerbatimJSONField(models.JSONField):
    """JSON kept as it was spelled (PostgreSQL's `json`): cheaper to store than jsonb, and not to be searched."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django's signature
        return "json"

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """For migrations plain JSON: they import no code of ours."""
        name, _, words, options = super().deconstruct()
        return name, "django.db.models.JSONField", words, options

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:  # noqa: ARG002 - Django's signature
        """What psycopg read."""
        return value


class LifecycleEvent(models.Model):
    """One thing E2B told us (or the inventory showed), once, whichever ways it came by. Written by `events.inbox`."""

    class Source(models.TextChoices):
        WEBHOOK = "webhook"
        RECONCILE = "reconcile"
        OBSERVED = "observed"

    account = models.ForeignKey(Account, models.CASCADE, related_name="events", db_index=False)
    event_id = models.UUIDField()
    type = models.CharField(max_length=128)
    sandbox_id = models.CharField(max_length=MAX_SANDBOX_ID)
    execution_id = models.CharField(max_length=128, null=True, blank=True)
    template_id = models.CharField(max_length=128, blank=True, default="")
    timestamp = models.DateTimeField()
    received_at = models.DateTimeField()
    folded_at = models.DateTimeField(
        null=True, blank=True, help_text="The time it counts as of, where its own lies ahead of the backend's clock."
    )
    source = models.CharField(max_length=9, choices=Source.choices, help_text="What brought it first.")
    webhook_at = models.DateTimeField(null=True, blank=True, help_text="First delivery.")
    reconcile_at = models.DateTimeField(null=True, blank=True, help_text="First seen in E2B's events API.")
    superseded = models.BooleanField(default=False, help_text="An observed one whose real event came.")
    data = models.JSONField(null=True, blank=True)
    raw = VerbatimJSONField(help_text="The whole event as it came: nothing that E2B told us is dropped.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "event_id"], name="event_once")]
        indexes = [
            models.Index(fields=["-timestamp", "-id"], name="event_by_time"),
            models.Index(fields=["sandbox_id", "-timestamp"], name="event_by_sandbox"),
            BrinIndex(fields=["received_at"], autosummarize=True, name="event_by_arrival"),  # rows lie in that order
            models.Index(
                fields=["account", "-timestamp"], name="event_reconciled", condition=models.Q(source="reconcile")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type.rpartition('.')[2]} {self.sandbox_id}"


class Delivery(models.Model):
    """A delivery kept aside: refused (not ours to believe) or parked (signed, but we could not read it)."""

    class State(models.TextChoices):
        REFUSED = "refused"
        PARKED = "parked"
        REPLAYED = "replayed"

    account = models.ForeignKey(Account, models.CASCADE, related_name="deliveries", db_index=False)
    state = models.CharField(max_length=8, choices=State.choices)
    reason = models.TextField()
    event_id = models.CharField(max_length=64, blank=True, default="")
    source = models.CharField(max_length=9, default="webhook", help_text="What brought it, as an event's.")
    received_at = models.DateTimeField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["state", "-received_at"], name="delivery_by_state"),
            models.Index(fields=["account", "event_id"], name="delivery_by_event"),
        ]

    def __str__(self) -> str:
        return f"{self.state}: {self.reason}"

    @property
    def text(self) -> str:
        """The beginning of the body as text, with what is secret masked: the only form in which it is shown."""
        body = bytes(self.body)
        more = f"\n… {len(body) - SHOWN_BYTES} bytes more" if len(body) > SHOWN_BYTES else ""
        learn(self.account)
        return shown_text(body) + more


def shown_text(body: bytes) -> str:
    """The first SHOWN_BYTES of a body of which MASKED_BYTES are given: no half secret stays at the edge.

    What is masked are secrets that this process has learnt: `learn` the account's first.
    """
    masked = mask(body[:MASKED_BYTES].decode(errors="replace"))
    return masked.encode()[:SHOWN_BYTES].decode(errors="ignore")


class ReconcileMark(models.Model):
    """How far back an account's events are known to be complete."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="reconcile_mark")
    complete_to = models.DateTimeField(null=True, help_text="Every event up to here has been read.")
    oldest_at = models.DateTimeField(null=True, help_text="How far back the backend keeps events, as found.")
    late_seconds = models.FloatField(default=0, help_text="How late the backend's events have come at most.")
    backlog_offset = models.PositiveIntegerField(
        null=True, help_text="Where a reading that ran out of its budget goes on; null when none did."
    )
    backlog_newest = models.DateTimeField(null=True, help_text="The newest event when that reading began.")
    one_page_since = models.DateTimeField(
        null=True, help_text="When every offset gave the same events: only the newest page is asked for."
    )

    def __str__(self) -> str:
        return f"{self.account_id} to {self.complete_to}"
