"""Limits, how everybody stands against them, and invoices that were entered: written by their pages and calls alone."""

from django.contrib import admin

from sandboxes.admin.reading import ReadOnly
from sandboxes.models import InvoiceEntered, Limit, LimitState


@admin.register(Limit)
class LimitAdmin(ReadOnly):
    """Changed under Limits, where policies that name them get a new version."""

    list_display = ("name", "key", "value", "max_running", "usd_per_day", "usd_per_month", "warn_at_pct", "version")
    list_filter = ("key",)
    search_fields = ("name", "value")


@admin.register(LimitState)
class LimitStateAdmin(ReadOnly):
    """As of the last round."""

    list_display = ("limit", "value", "account", "state", "used_pct", "since", "at", "running", "usd_today")
    list_filter = ("state", "limit")
    search_fields = ("value",)
    list_select_related = ("limit", "account")


@admin.register(InvoiceEntered)
class InvoiceEnteredAdmin(ReadOnly):
    """Entered under Cost."""

    list_display = ("account", "month", "usd", "entered_by", "entered_at")
    list_filter = ("account",)
    list_select_related = ("account",)
