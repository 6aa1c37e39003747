"""The only place that changes a sandbox at E2B, and it writes the audit trail."""

from sandboxes.actions.actor import Actor, NotAllowed, NotInState
from sandboxes.actions.bulk import Bulk, request_bulk
from sandboxes.actions.cancelling import cancel
from sandboxes.actions.requests import request

__all__ = ["Actor", "Bulk", "NotAllowed", "NotInState", "cancel", "request", "request_bulk"]
