"""Our webhook at the backend: registered, changed, watched from both ends, and tried by a delivery of our own."""

from events.webhooks.address import BadAddress, checked, doubt, proposed
from events.webhooks.registration import NotDone
from events.webhooks.view import BackendView, Failure, view_of

__all__ = ["BackendView", "BadAddress", "Failure", "NotDone", "checked", "doubt", "proposed", "view_of"]
