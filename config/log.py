"""What the log says of a request for a host that is not ours: one line, as for any other bad request."""

import logging


def without_traceback(record: logging.LogRecord) -> bool:
    """Keeps the record, which names the host and the setting, and drops where in Django it was raised."""
    record.exc_info = None
    return True
