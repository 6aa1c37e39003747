"""What the log says of a request for a host that is not ours: one line, as for any other bad request."""

import logging


class OneLine(logging.Filter):
    """Keeps the record, which names the host and the setting, and drops where in Django it was raised."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always kept."""
        record.exc_info = None
        return True
