"""Policies by hand: read as strictly as REST reads them, saved as new versions, their breaker reset."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from sandboxes.cleanup import approvals, policy_book
from sandboxes.models import Policy
from sandboxes.policies import PolicyError, PolicySpec, parse


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What was typed, as a spec."""

    spec: PolicySpec

    class Meta:
        model = Policy
        fields = policy_book.FIELDS

    def clean(self) -> dict[str, Any]:
        """Refuses what `parse` refuses. An empty box takes the field's default."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        given = {name: cleaned.get(name) for name in policy_book.FIELDS}
        try:
            self.spec = parse({name: value for name, value in given.items() if value is not None})
        except PolicyError as error:
            raise forms.ValidationError(str(error)) from error
        if self.spec.enabled and self.spec.mode == "enforce" and approvals.is_needed(approvals.Kind.ENFORCE):
            raise forms.ValidationError("Enforcing waits for a second person here: switch it on the policy's own page")
        return cleaned


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Each change is a new version; marks of the old one are void."""

    form = PolicyForm
    list_display = (
        "name", "enabled", "mode", "action", "version", "hits", "last_run_at", "held_why", "breaker_tripped_at",
    )  # fmt: skip
    list_filter = ("enabled", "mode", "action", ("breaker_tripped_at", admin.EmptyFieldListFilter))
    search_fields = ("name",)
    actions = ("reset_breaker",)
    readonly_fields = ("version", "last_run_at", "hits", "held_why", "breaker_tripped_at", "breaker_why")
    fieldsets = (
        (None, {"fields": ("name", "enabled", "mode", "match", "orphan_when", "action", "quarantine_seconds")}),
        ("Brakes", {"fields": ("grace_seconds", "max_per_run", "max_per_hour", "max_fleet_fraction", "quiet_hours")}),
        ("As of its last run", {"fields": readonly_fields}),
    )

    def save_model(self, request: HttpRequest, obj: Policy, form: PolicyForm, change: bool) -> None:  # noqa: ARG002
        written = policy_book.write(form.spec, obj if change else None)
        obj.pk = written.pk
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: Policy) -> None:  # noqa: ARG002
        policy_book.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        for policy in queryset:
            self.delete_model(request, policy)

    @admin.action(description="Reset the breaker", permissions=["change"])
    def reset_breaker(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        """It trips again at the next run that would hit too much."""
        for policy in queryset:
            policy_book.reset(policy)
        self.message_user(request, "Reset. It trips again when a run would still hit too much.", messages.SUCCESS)
