"""The freeze switch by hand: adding a row freezes everything, an action lifts it; rows are never edited or deleted."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from sandboxes.cleanup import approvals, freezing
from sandboxes.models import Freeze


@admin.register(Freeze)
class FreezeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who froze everything, why, and who lifted it."""

    list_display = ("at", "by", "reason", "lifted_at", "lifted_by")
    fields = ("reason",)
    actions = ("lift",)

    def has_change_permission(self, request: HttpRequest, obj: Freeze | None = None) -> bool:
        """Rows stand as they are; the list is still needed for its action."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Freeze | None = None) -> bool:  # noqa: ARG002
        return False

    def save_model(self, request: HttpRequest, obj: Freeze, form: Any, change: bool) -> None:  # noqa: ARG002
        made = freezing.freeze(request.user.get_username(), obj.reason)
        obj.pk = made.pk
        obj.refresh_from_db()

    @admin.action(description="Lift the freeze", permissions=["change"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Freeze]) -> None:  # noqa: ARG002
        """Marks go on with as long to go as they had."""
        if approvals.is_needed(approvals.Kind.UNFREEZE):
            self.message_user(request, "Lifting waits for a second person here: see the Cleanup page", messages.ERROR)
            return
        lifted = freezing.lift(request.user.get_username())
        self.message_user(request, "Lifted." if lifted else "Nothing was frozen.", messages.SUCCESS)
