"""One file that holds the whole database, and the way back: `manage.py backup` and `restore`.

`archive` is the file, `programs` PostgreSQL's own, `dump` and `load` the two directions. docs/operations.md
"""

from runner.backup.errors import BackupError

__all__ = ["BackupError"]
