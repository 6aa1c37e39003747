"""The one error of backup and restore: a sentence for the person who typed the command."""


class BackupError(Exception):
    """It can't be done; the message says why and what to do. Nothing has been changed."""
