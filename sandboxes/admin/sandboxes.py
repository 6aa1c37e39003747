"""Sandboxes in the admin: looked at, and cleaned up by kill, pause, extend and protect, each asked twice."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from sandboxes.admin import cleanup
from sandboxes.admin.reading import ReadOnly
from sandboxes.models import Action, Sandbox

Kind = Action.Kind


@admin.register(Sandbox)
class SandboxAdmin(ReadOnly):
    """The row is the fold's; what a person wants done goes through `sandboxes.actions`."""

    list_display = (
        "sandbox_id", "account", "state", "template_name", "owner", "environment", "started_at", "end_at",
        "burn_usd_per_hour",
    )  # fmt: skip
    list_filter = ("state", "account", "started_at", "environment")
    search_fields = ("sandbox_id", "alias", "owner", "template_id", "template_name")
    search_help_text = "Sandbox ID, alias, owner or template"
    list_select_related = ("account",)
    ordering = ("-started_at", "-id")
    exclude = ("fold",)
    actions = ("kill", "pause", "extend", "protect")

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may change a sandbox may ask for it."""
        return request.user.has_perm("sandboxes.change_sandbox")

    @admin.action(description="Kill", permissions=["act"])
    def kill(self, request: HttpRequest, queryset: QuerySet[Sandbox]) -> HttpResponseBase | None:
        return cleanup.ask_or_act(self, request, queryset, Kind.KILL)

    @admin.action(description="Pause", permissions=["act"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Sandbox]) -> HttpResponseBase | None:
        return cleanup.ask_or_act(self, request, queryset, Kind.PAUSE)

    @admin.action(description="Extend", permissions=["act"])
    def extend(self, request: HttpRequest, queryset: QuerySet[Sandbox]) -> HttpResponseBase | None:
        return cleanup.ask_or_act(self, request, queryset, Kind.EXTEND)

    @admin.action(description="Protect from policies", permissions=["act"])
    def protect(self, request: HttpRequest, queryset: QuerySet[Sandbox]) -> HttpResponseBase | None:
        return cleanup.ask_or_act(self, request, queryset, Kind.PROTECT)
