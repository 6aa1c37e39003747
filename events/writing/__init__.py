"""One transaction: events kept once, the sandboxes folded from them, what was parked set aside."""

from events.writing.arrivals import AccountGone, Arrival, Parked, Stored
from events.writing.batch import write
from events.writing.context import forget

__all__ = ["AccountGone", "Arrival", "Parked", "Stored", "forget", "write"]
