"""What a policy would do: now, by the reaper's own facts, and over the stored past, by the same judge."""

from sandboxes.whatif.history import LOOK_BACK, History, replay
from sandboxes.whatif.now import Brake, Hit, Now
from sandboxes.whatif.preview import Preview, Tried, preview
from sandboxes.whatif.sweep import number_that_matters

__all__ = [
    "LOOK_BACK",
    "Brake",
    "History",
    "Hit",
    "Now",
    "Preview",
    "Tried",
    "number_that_matters",
    "preview",
    "replay",
]
