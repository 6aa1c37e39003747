"""One transaction: events kept once, the sandboxes folded from them, what was parked set aside."""

from events.writing.arrivals import Arrival, Parked, Stored
from events.writing.batch import write

__all__ = ["Arrival", "Parked", "Stored", "write"]
