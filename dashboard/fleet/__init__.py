"""The Fleet page: figures now and at a time, what needs attention, trends, and what happened around a moment."""
