"""Limits: how many may run at once and what may be spent, for each value of a key; and how each of them stands."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from sandboxes.models.account import Account


class Limit(models.Model):
    """A limit; fields as in the REST contract ("Limits"). Written by `sandboxes.limits.book` alone."""

    name = models.CharField(max_length=100, unique=True)
    version = models.PositiveIntegerField(default=1, help_text="Counts changes; a policy's mark belongs to one.")
    key = models.CharField(max_length=210, help_text="owner, environment, template, account or metadata.KEY.")
    value = models.CharField(max_length=400, help_text="`*` for each value that has no limit of its own.")
    accounts = ArrayField(
        models.BigIntegerField(), null=True, blank=True, help_text="Keys of those counted together; null: each apart."
    )
    max_running = models.PositiveIntegerField(null=True, blank=True)
    usd_per_day = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    usd_per_month = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    warn_at_pct = models.PositiveSmallIntegerField(
        default=80, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LimitState(models.Model):
    """How one value stands against one limit as of `at`. Written by the round of `sandboxes.limits` alone."""

    class State(models.TextChoices):
        OK = "ok"
        WARN = "warn"
        OVER = "over"

    limit = models.ForeignKey(Limit, models.CASCADE, related_name="states", db_index=False)
    value = models.CharField(max_length=400, help_text="Of the limit's key.")
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, related_name="limit_states", help_text="Null where several count together."
    )
    state = models.CharField(max_length=4, choices=State.choices)
    used_pct = models.FloatField(help_text="Of the maximum that is used most.")
    since = models.DateTimeField(help_text="When this state began.")
    at = models.DateTimeField(help_text="When it was judged last.")
    running = models.PositiveIntegerField()
    usd_today = models.DecimalField(max_digits=16, decimal_places=6)
    usd_this_month = models.DecimalField(max_digits=16, decimal_places=6)
    forecast_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["limit", "value", "account"], nulls_distinct=False, name="limit_state_once")
        ]

    def __str__(self) -> str:
        return f"{self.limit_id} {self.value}: {self.state}"


class InvoiceEntered(models.Model):
    """What the backend charged an account for a month, as somebody typed it: one's own check of the estimate."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="invoices")
    month = models.DateField(help_text="Its first day, UTC.")
    usd = models.DecimalField(max_digits=14, decimal_places=2)
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["-month", "account"]
        constraints = [models.UniqueConstraint(fields=["account", "month"], name="invoice_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m}: {self.usd}"
