"""Erasing an owner from the record of events: as steps of `manage.py erase`, the sandboxes last."""

from events.erasing.steps import LAST, STEPS

__all__ = ["LAST", "STEPS"]
