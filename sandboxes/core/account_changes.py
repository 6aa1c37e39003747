"""Counts changes of accounts in this process: what is held of them in memory is read again when the number moves."""

from itertools import count
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from sandboxes.models import Account

_numbers = count(1)
_latest = 0


def number() -> int:
    """Another one after each committed save or deletion of an account; to be compared for equality alone."""
    return _latest


def watch() -> None:
    """Begins to count, once a process."""
    for signal in (post_save, post_delete):
        signal.connect(_changed, sender=Account, dispatch_uid=f"account-changes-{id(signal)}")


def _changed(using: str, **_: Any) -> None:
    transaction.on_commit(_count, using=using)


def _count() -> None:
    global _latest  # noqa: PLW0603 - one number a process
    _latest = next(_numbers)
