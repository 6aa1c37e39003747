"""Admin pages that only show: these records are written by one room each, and by nobody's hand."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Search and look; nothing is added, changed or deleted here. Big tables are not counted twice."""

    show_full_result_count = False
    list_per_page = 100
    actions: tuple[str, ...] | None = None

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False
