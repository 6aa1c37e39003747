"""A stand-in for E2B: a fleet that lives, has a past, and answers as the real API does."""

from simulator.clock import ManualClock, WallClock
from simulator.faults import Fault
from simulator.options import DEFAULT_API_KEY, Options, empty
from simulator.world import Simulator

__all__ = ["DEFAULT_API_KEY", "Fault", "ManualClock", "Options", "Simulator", "WallClock", "empty"]
