"""The Events page: the stream of events, and deliveries that were rejected or could not be read."""
