"""An account: one API key at one backend, how it is read, and how well that goes."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from sandboxes.base import outbound
from sandboxes.e2b.urls import normalised
from sandboxes.models import bound_key
from sandboxes.models.account_sets import AccountQuerySet, KeptAccounts
from sandboxes.models.fields import EncryptedTextField, HoldsSecrets

# What applications were told to write from the first day on. A partial: migrations import no code of ours.
KEPT_BY_DEFAULT: partial[list[str]] = partial(list, ["keep=true"])


class Account(HoldsSecrets):
    """Its key and webhook secrets are encrypted at rest and never shown again."""

    class Actions(models.TextChoices):
        """Who may change anything at the account's backend. Asserted in the HTTP client."""

        NONE = "none"
        PEOPLE = "people"
        POLICIES = "policies"

    name = models.SlugField(unique=True)
    title = models.CharField(max_length=100, blank=True, default="", db_default="", help_text="What people read.")
    url = models.URLField(help_text="The backend's API, for example https://api.e2b.app; it may carry a path.")
    api_key = EncryptedTextField(blank=True, default="")
    api_key_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the key was entered.")
    webhook_secret = EncryptedTextField(blank=True, default="")
    previous_webhook_secret = EncryptedTextField(blank=True, default="")
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    webhook_secret_at = models.DateTimeField(null=True, blank=True, help_text="When the secret was put on record.")
    webhook_secret_in_environment = models.BooleanField(default=False, help_text="E2B_WEBHOOK_SECRET sets it.")
    sent_webhook_secret = EncryptedTextField(
        blank=True, default="", help_text="What the backend signs with, as far as it has told us."
    )
    webhook_id = models.CharField(max_length=64, blank=True, default="", help_text="Our webhook's ID at the backend.")
    webhook_url = models.CharField(max_length=500, blank=True, default="", help_text="Where it delivers to.")
    webhook_events = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    simulated = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    owner_keys = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    environment_keys = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    keep_metadata = ArrayField(
        models.CharField(max_length=260, validators=[RegexValidator(r"^[^=]*[^=\s][^=]*=.*\S", "Write KEY=VALUE")]),
        default=KEPT_BY_DEFAULT, blank=True,
        help_text="KEY=VALUE each: a sandbox that carries one is kept from every policy.",
    )  # fmt: skip
    store_metadata_keys = ArrayField(
        models.CharField(max_length=128), null=True, blank=True,
        help_text="Only metadata under these keys is ever stored; empty (null) for all.",
    )  # fmt: skip
    cap = models.PositiveIntegerField(null=True, blank=True, help_text="Concurrent sandboxes the plan allows.")
    actions = models.CharField(
        max_length=8,
        choices=Actions.choices,
        default=Actions.NONE,
        help_text="Who may change anything at this backend: nobody, people and tokens, or enforcing policies too.",
    )
    brake = models.JSONField(
        null=True,
        blank=True,
        help_text='{"per_hour", "per_day"}: the most acts of all policies together; empty for the default.',
    )
    same_fleet_as = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+",
        help_text="Another account of one project: it lists the same sandboxes, and counts for both.",
    )  # fmt: skip
    capabilities = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Out of sight since; its history goes 400 days later."
    )
    objects = KeptAccounts()
    with_deleted = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        """One spelling of each address, and as `clean`, for whatever does not come from a form.

        A new backend knows nothing of the webhook before.
        """
        self.url = normalised(self.url)
        wanted = options.get("update_fields")
        if wanted is None or "url" in wanted:
            changed = bound_key.leave_webhook_behind(self) if bound_key.check(self) else []
            options["update_fields"] = None if wanted is None else [*wanted, *changed]
        if (wanted is None or "api_key" in wanted) and bound_key.note_entry(self, timezone.now()):
            options["update_fields"] = None if wanted is None else [*options["update_fields"], "api_key_at"]
        super().save(*args, **options)

    def clean(self) -> None:
        """Raises ValidationError for an address where nothing is ever sent, KeyAskedAgain for one that leads elsewhere:
        a key is never sent to another backend than the one it was given for."""
        if why := outbound.wrong_with(self.url):
            raise ValidationError({"url": why})
        if Account.with_deleted.filter(name=self.name).exclude(pk=self.pk).exclude(deleted_at=None).exists():
            raise ValidationError({"name": "a deleted account had this name, and its history is kept: choose another"})
        bound_key.check(self)

    @property
    def lets_people_act(self) -> bool:
        """Whether people and tokens may change anything at the backend."""
        return self.actions in (self.Actions.PEOPLE, self.Actions.POLICIES) and not settings.READ_ONLY

    @property
    def lets_policies_act(self) -> bool:
        """Whether enforcing policies may."""
        return self.actions == self.Actions.POLICIES and not settings.READ_ONLY


class AccountHealth(models.Model):
    """What the last sync and poll of an account told; kept apart so that the account row stays still."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="health")
    reachable = models.BooleanField(null=True)
    clock_offset_seconds = models.FloatField(default=0, help_text="The backend's clock minus ours.")
    last_sync_at = models.DateTimeField(null=True, help_text="When the last complete list was asked for.")
    sync_error = models.TextField(blank=True, default="")
    sync_failed_at = models.DateTimeField(null=True)
    list_doubts = models.JSONField(default=list, help_text="What of the last list could not be read or can't be true.")
    last_poll_at = models.DateTimeField(null=True)
    poll_seconds = models.FloatField(null=True, help_text="How long the last poll took.")
    poll_error = models.TextField(blank=True, default="")
    poll_failed_at = models.DateTimeField(null=True)
    no_metrics_since = models.DateTimeField(null=True, help_text="Since when polls bring no sample of anybody.")
    polls_late = models.PositiveBigIntegerField(default=0)
    reconcile_error = models.TextField(blank=True, default="")
    last_reconcile_at = models.DateTimeField(null=True)
    templates = models.JSONField(default=dict, help_text="Names and sizes by template ID, as the backend last told.")
    templates_at = models.DateTimeField(null=True)
    webhook_last_at = models.DateTimeField(null=True)
    webhook_since = models.DateTimeField(null=True, help_text="The first delivery: from then on events are expected.")
    webhook_silent_since = models.DateTimeField(
        null=True, help_text="Since when events come and no delivery does, though the webhook is on."
    )
    webhook = models.JSONField(default=dict, help_text="Our webhook as the backend sees it, and when it was asked.")
    round_errors = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()),
        help_text="Rounds that fail, by name: `error`, and in ISO 8601 `since` and `at` (the last time).",
    )  # fmt: skip

    class Meta:
        verbose_name_plural = "account health"

    def __str__(self) -> str:
        return f"health of {self.account_id}"


class Heartbeat(models.Model):
    """That a part of us is alive: the reaper acts only while the API's own beat is fresh (30 s)."""

    name = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()
    up_since = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
