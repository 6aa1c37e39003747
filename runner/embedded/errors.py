"""The one error of starting up: a sentence for the person who typed the command."""


class StartError(Exception):
    """We can't start; the message says why and what to do, and is shown without a traceback."""
