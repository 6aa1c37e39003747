"""An owner's word that sandboxes are theirs and alive, and the spans for which it held."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from sandboxes.e2b.wire import MAX_SANDBOX_ID
from sandboxes.models.sandbox import Sandbox


class Lease(models.Model):
    """Named by its owner's key; covers IDs (LeaseMember) or all that match metadata, later ones too."""

    key = models.CharField(max_length=200, unique=True)
    ttl_seconds = models.PositiveIntegerField()
    expires_at = models.DateTimeField()
    renewed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(
        null=True, blank=True, help_text="Set by a look at it while the API was up: only that ends a lease."
    )
    metadata = models.JSONField(null=True, blank=True, help_text="Match by metadata; null when by IDs.")
    token = models.CharField(max_length=200, blank=True, default="", help_text="Whose token set it.")
    maker = models.CharField(
        max_length=64, blank=True, default="", help_text="Whose it is, `token:ID` or `user:ID`; empty for anybody's."
    )

    accounts = ArrayField(
        models.BigIntegerField(), null=True, blank=True,
        help_text="Keys of the accounts that its maker holds: it covers no sandbox of another; null for all.",
    )  # fmt: skip

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="lease_by_expiry")]

    def __str__(self) -> str:
        return self.key


class LeaseMember(models.Model):
    """One ID of a lease by IDs; it may not be on record yet."""

    lease = models.ForeignKey(Lease, models.CASCADE, related_name="members")
    sandbox_id = models.CharField(max_length=MAX_SANDBOX_ID)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lease", "sandbox_id"], name="lease_member_once")]
        indexes = [models.Index(fields=["sandbox_id"], name="lease_member_by_id")]

    def __str__(self) -> str:
        return self.sandbox_id


class LeaseSpan(models.Model):
    """That this lease covered this sandbox from `since` until `until` (moves on with each renewal)."""

    lease = models.ForeignKey(Lease, models.SET_NULL, null=True, related_name="spans")
    key = models.CharField(max_length=200)
    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="lease_spans", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField()
    token = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["sandbox", "-until"], name="lease_span_by_sandbox")]

    def __str__(self) -> str:
        return f"{self.key}: {self.sandbox_id}"
