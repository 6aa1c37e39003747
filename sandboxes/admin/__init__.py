"""The fleet's records in Django's admin: searched and filtered, read-only where a room writes them, cleaned up."""

from sandboxes.admin import accounts, policies, records, sandboxes

__all__ = ["accounts", "policies", "records", "sandboxes"]
