"""The event record in Django's admin: to search and to look at, written by the inbox alone."""

from django.contrib import admin

from events.models import Delivery, LifecycleEvent, ReconcileMark
from sandboxes.admin.reading import ReadOnly


@admin.register(LifecycleEvent)
class LifecycleEventAdmin(ReadOnly):
    """Once each, whichever ways it came by."""

    list_display = (
        "type", "sandbox_id", "timestamp", "received_at", "source", "webhook_at", "reconcile_at", "superseded",
        "account",
    )  # fmt: skip
    list_filter = ("source", "superseded", "account", "type", "timestamp")
    search_fields = ("=sandbox_id", "=execution_id")
    search_help_text = "Sandbox or execution ID, whole"
    ordering = ("-timestamp", "-id")
    list_select_related = ("account",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """What was refused, or signed and could not be read."""

    list_display = ("state", "reason", "event_id", "received_at", "account")
    list_filter = ("state", "account", "received_at")
    search_fields = ("event_id", "reason")
    ordering = ("-received_at",)
    list_select_related = ("account",)
    fields = ("account", "state", "reason", "event_id", "received_at", "headers", "text")
    readonly_fields = ("text",)

    @admin.display(description="body")
    def text(self, delivery: Delivery) -> str:
        """The body as text, its first 8 KiB, without secrets."""
        return delivery.text


@admin.register(ReconcileMark)
class ReconcileMarkAdmin(ReadOnly):
    """How far back each account's events are complete."""

    list_display = ("account", "complete_to", "oldest_at")
    list_select_related = ("account",)
