"""The audit trail, which is also the queue: one row for each thing somebody asked to be done to a sandbox."""

from django.db import models

from sandboxes.models.account import Account
from sandboxes.models.policy import Policy
from sandboxes.models.sandbox import Sandbox


class Action(models.Model):
    """Asked, sent, answered, confirmed: each with its time. `sandboxes.actions.machine` alone writes `state`."""

    class Kind(models.TextChoices):
        KILL = "kill"
        PAUSE = "pause"
        RESUME = "resume"
        TIMEOUT = "timeout"
        EXTEND = "extend"
        PROTECT = "protect"
        UNPROTECT = "unprotect"
        NOTIFY = "notify"

    class State(models.TextChoices):
        GRACE = "grace"
        QUEUED = "queued"
        SENT = "sent"
        DONE = "done"
        CONFIRMED = "confirmed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN = (State.GRACE, State.QUEUED, State.SENT)

    kind = models.CharField(max_length=16, choices=Kind.choices)
    state = models.CharField(max_length=16, choices=State.choices)
    account = models.ForeignKey(Account, models.CASCADE, related_name="trail")
    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="actions", db_index=False)
    actor_kind = models.CharField(max_length=8, help_text="user, token or policy")
    actor_name = models.CharField(max_length=200)
    policy = models.ForeignKey(Policy, models.SET_NULL, null=True, blank=True, related_name="actions")
    policy_version = models.PositiveIntegerField(null=True, blank=True)
    bulk_id = models.UUIDField(null=True, blank=True, db_index=True)
    reason = models.TextField(blank=True, default="")
    evidence = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(default=dict, blank=True, help_text="What was asked for: seconds, until, memory.")
    joined = models.JSONField(
        default=list, blank=True, help_text="Who has asked for the same since: kind, name, reason and time of each."
    )
    quarantine_of = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+",
        help_text="The pause that this kill follows; it may be past its retention.",
    )  # fmt: skip
    verified_at = models.DateTimeField(null=True, blank=True, help_text="When the final check of a policy's act held.")
    checks = models.PositiveSmallIntegerField(default=0, help_text="Verifications since the backend's answer.")
    rejection = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="How the backend rejected the last attempt, where that matters.",
    )
    id_reused = models.BooleanField(default=False, help_text="The killed sandbox's ID belongs to a new sandbox now.")
    requested_at = models.DateTimeField()
    act_at = models.DateTimeField(null=True, blank=True, help_text="When grace ends.")
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    spare_until = models.DateTimeField(null=True, blank=True, help_text="A cancelled mark spares it until then.")
    outcome = models.CharField(max_length=64, blank=True, default="", help_text="killed, already_gone, paused, …")
    error = models.TextField(blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    claim_number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sandbox"],
                name="one_open_act_of_policies",
                condition=models.Q(
                    actor_kind="policy", kind__in=["kill", "pause"], state__in=["grace", "queued", "sent"]
                ),
            )
        ]
        indexes = [
            models.Index(fields=["-requested_at", "id"], name="action_by_time"),
            models.Index(fields=["sandbox", "-requested_at"], name="action_by_sandbox"),
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(state__in=["queued", "sent", "done"]), name="action_open"
            ),
            models.Index(fields=["act_at"], condition=models.Q(state="grace"), name="action_in_grace"),
            models.Index(
                fields=["account", "-sent_at"], condition=models.Q(actor_kind="policy"), name="action_of_policies"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sandbox_id}"
