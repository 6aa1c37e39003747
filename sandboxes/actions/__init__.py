"""The only place that changes a sandbox at E2B, and it writes the audit trail."""

from sandboxes.actions.actor import Actor, NotInState
from sandboxes.actions.cancelling import cancel
from sandboxes.actions.requests import Bulk, request, request_bulk

__all__ = ["Actor", "Bulk", "NotInState", "cancel", "request", "request_bulk"]
