"""The dialogs by which people act on sandboxes: what is asked before, and what was used last."""
