"""The fleet's records in Django's admin: searched and filtered, read-only where a room writes them, cleaned up."""

from django.contrib import admin

from sandboxes.admin import (
    accounts,
    alerts,
    freeze,
    limits,
    notifications,
    policies,
    records,
    rollups,
    sandboxes,
    trail,
)

admin.site.site_header = "Sandwarden"
admin.site.site_title = "Sandwarden"
admin.site.index_title = "Records"

__all__ = [
    "accounts",
    "alerts",
    "freeze",
    "limits",
    "notifications",
    "policies",
    "records",
    "rollups",
    "sandboxes",
    "trail",
]
