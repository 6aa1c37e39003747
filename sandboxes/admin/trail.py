"""The audit's entries and requests for many as they were written, to search and to look at."""

from django.contrib import admin

from sandboxes.admin.reading import ReadOnly
from sandboxes.models import Approval, AuditEntry, BulkRequest


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """What changed on which action; `manage.py verify_audit` says whether the chain holds."""

    list_display = ("id", "at", "action_id", "change", "number", "sealed")
    list_filter = ("at",)
    search_fields = ("=action_id", "change__sandbox", "change__actor_name")
    fields = ("at", "action_id", "change", "number", "sealed")
    readonly_fields = ("sealed",)
    ordering = ("-id",)

    @admin.display(description="SHA-256")
    def sealed(self, entry: AuditEntry) -> str:
        """In hex; empty until it is sealed."""
        return bytes(entry.hash).hex() if entry.hash else ""


@admin.register(BulkRequest)
class BulkWishAdmin(ReadOnly):
    """One request for many, and how far it has come."""

    list_display = ("requested_at", "kind", "actor_name", "bulk_id", "position", "taken", "finished_at")
    list_filter = ("kind", "actor_kind", "requested_at")
    search_fields = ("=bulk_id", "actor_name", "reason")
    exclude = ("keys",)
    ordering = ("-id",)


@admin.register(Approval)
class ApprovalAdmin(ReadOnly):
    """What waited for a second person, and who decided. Decided on the Cleanup page."""

    list_display = ("asked_at", "kind", "summary", "asked_by", "state", "decided_by", "outcome")
    list_filter = ("kind", "state", "asked_at")
    search_fields = ("summary", "asked_by", "decided_by")
    ordering = ("-id",)
