"""The fleet as a whole: now, over time, and at any moment of the past."""

from sandboxes.fleet.figures.at import FleetThen, SandboxThen, at
from sandboxes.fleet.figures.by_group import GroupColumns, by_group
from sandboxes.fleet.figures.frames import latest_frames
from sandboxes.fleet.figures.history import FleetColumns, metrics
from sandboxes.fleet.figures.moment import CellThen, Moment, moment
from sandboxes.fleet.figures.now import FleetNow, cap_of, now
from sandboxes.fleet.figures.percentiles import Spread

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
