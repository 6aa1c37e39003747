"""The audit's entries as they were written, to search and to look at."""

from django.contrib import admin

from sandboxes.admin.reading import ReadOnly
from sandboxes.models import AuditEntry


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
