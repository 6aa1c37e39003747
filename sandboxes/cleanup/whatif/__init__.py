"""What a policy would do: now, by the reaper's own facts, and over the stored past, by the same judge."""

from sandboxes.cleanup.whatif.history import LOOK_BACK, History, replay
from sandboxes.cleanup.whatif.now import Brake, Hit, Now
from sandboxes.cleanup.whatif.preview import Preview, Tried, preview
from sandboxes.cleanup.whatif.sensitivity import number_that_matters
from sandboxes.cleanup.whatif.trust import MOST_USED_AGAIN, Judged, Trust, trust

__all__ = [
    "LOOK_BACK",
    "MOST_USED_AGAIN",
    "Brake",
    "History",
    "Hit",
    "Judged",
    "Now",
    "Preview",
    "Tried",
    "Trust",
    "number_that_matters",
    "preview",
    "replay",
    "trust",
]
