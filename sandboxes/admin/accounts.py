"""Accounts and prices: what a person sets. Keys and secrets go in and never come out."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from sandboxes.admin.reading import ReadOnly
from sandboxes.models import Account, AccountBrake, AccountHealth, AccountPrice, Heartbeat, OwnerCallback, Price


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An account is switched off, never deleted: its history hangs on it."""

    list_display = ("name", "url", "enabled", "simulated", "cap", "created_at")
    list_filter = ("enabled", "simulated")
    search_fields = ("name", "url")
    readonly_fields = ("simulated", "webhook_id", "capabilities", "created_at")
    fieldsets = (
        (None, {"fields": ("name", "url", "api_key", "enabled", "cap")}),
        (
            "Whose, where, and what is kept",
            {"fields": ("owner_keys", "environment_keys", "keep_metadata", "store_metadata_keys")},
        ),
        (
            "Webhook",
            {
                "fields": ("webhook_secret", "previous_webhook_secret", "previous_secret_until", "webhook_id"),
                "description": "Secrets are kept as they are when a box is left empty, and never shown.",
            },
        ),
        ("Found out", {"fields": ("simulated", "capabilities", "created_at")}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An address without a scheme is taken for https."""
        if db_field.name == "url":
            kwargs |= {"form_class": forms.URLField, "assume_scheme": "https"}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False


@admin.register(AccountHealth)
class AccountHealthAdmin(ReadOnly):
    """How well reading each account goes."""

    list_display = ("account", "reachable", "last_sync_at", "last_poll_at", "poll_seconds", "polls_late")
    list_filter = ("reachable",)
    search_fields = ("account__name",)
    list_select_related = ("account",)


@admin.register(AccountBrake)
class AccountBrakeAdmin(ReadOnly):
    """Which accounts' policies are held until a person resets the brake."""

    list_display = ("account", "tripped_at", "why", "counts_from", "reset_by")
    search_fields = ("account__name", "why", "reset_by")
    list_select_related = ("account",)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly):
    """Which parts of us are alive."""

    list_display = ("name", "at", "up_since")


@admin.register(Price)
class PriceAdmin(ReadOnly):
    """A price is added with its date; one in the book stays, so the past is never repriced."""

    list_display = ("since", "usd_per_vcpu_second", "usd_per_gib_second")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sandboxes.add_price")


@admin.register(AccountPrice)
class AccountPriceAdmin(ReadOnly):
    """Prices of an account's own; added in Settings, and never changed."""

    list_display = ("account", "since", "usd_per_vcpu_second", "usd_per_gib_second")
    search_fields = ("account__name",)
    list_select_related = ("account",)


@admin.register(OwnerCallback)
class OwnerCallbackAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Where an application is asked which of its sandboxes are dead; its secret is kept when the box is left empty."""

    list_display = ("account", "url", "enabled", "asked_at", "answered_at", "error")
    fields = ("account", "url", "secret", "enabled", "timeout_seconds", "asked_at", "answered_at", "error")
    readonly_fields = ("asked_at", "answered_at", "error")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An address without a scheme is taken for https."""
        if db_field.name == "url":
            kwargs |= {"form_class": forms.URLField, "assume_scheme": "https"}
        return super().formfield_for_dbfield(db_field, request, **kwargs)
