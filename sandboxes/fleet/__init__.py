"""The fleet as a whole: now, over time, and at any moment of the past."""

from sandboxes.fleet.at import FleetThen, SandboxThen, at
from sandboxes.fleet.by_group import GroupColumns, by_group
from sandboxes.fleet.frames import latest_frames
from sandboxes.fleet.history import FleetColumns, metrics
from sandboxes.fleet.moment import CellThen, Moment, moment
from sandboxes.fleet.now import FleetNow, cap_of, now
from sandboxes.fleet.percentiles import Spread

__all__ = [
    "CellThen",
    "FleetColumns",
    "FleetNow",
    "FleetThen",
    "GroupColumns",
    "Moment",
    "SandboxThen",
    "Spread",
    "at",
    "by_group",
    "cap_of",
    "latest_frames",
    "metrics",
    "moment",
    "now",
]
