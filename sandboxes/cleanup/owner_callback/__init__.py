"""The application is asked which of its sandboxes are dead, before they are marked and before they are acted on."""

from sandboxes.cleanup.owner_callback.sparing import AGAIN, RULE, before_act, before_mark

__all__ = ["AGAIN", "RULE", "before_act", "before_mark"]
