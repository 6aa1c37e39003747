"""Mark, wait, look again, act: judges the fleet by every enabled policy and does what the enforcing ones say."""

from sandboxes.cleanup.reaper.round import run_all

__all__ = ["run_all"]
