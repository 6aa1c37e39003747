"""A write-only key belongs to the backend it was given for: another scheme, host or port asks for the key again."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError

from sandboxes.e2b.urls import origin
from sandboxes.models.fields import Sealed, is_set

if TYPE_CHECKING:
    from sandboxes.models.account import Account
# What the backend before was given or gave: none of it is sent to another one.
_OF_THE_WEBHOOK: Final = ("webhook_secret", "previous_webhook_secret", "sent_webhook_secret")


class KeyAskedAgain(ValidationError):
    """The address leads elsewhere and the key on record was not entered again; nothing was saved."""

    def __init__(self) -> None:
        why = "the address has another scheme, host or port: enter the key again, it was given for the former one"
        super().__init__({"api_key": why})


def check(account: "Account") -> bool:
    """Whether it moves. Raises KeyAskedAgain when the key on record would go to another backend."""
    moving = _moves(account)
    if moving and is_set(account, "api_key") and isinstance(account.__dict__["api_key"], Sealed):
        raise KeyAskedAgain
    return moving


def note_entry(account: "Account", now: datetime) -> bool:
    """Whether a key was entered or removed since the row was read; sets `api_key_at`."""
    if isinstance(account.__dict__["api_key"], Sealed):
        return False
    account.api_key_at = now if account.api_key else None
    return True


def leave_webhook_behind(account: "Account") -> list[str]:
    """Forgets the former backend's webhook where no new secret came along; the fields that it changed."""
    stale = [name for name in _OF_THE_WEBHOOK if isinstance(account.__dict__[name], Sealed)]
    for name in (*stale, "webhook_id"):
        setattr(account, name, "")
    account.capabilities = {}  # what another backend can do is found out anew
    return [*stale, "webhook_id", "capabilities"]


def _moves(account: "Account") -> bool:
    """Whether it is on record with an address of another scheme, host or port."""
    held = type(account).objects.filter(pk=account.pk).values_list("url", flat=True).first()
    if held is None or held == account.url:
        return False
    return origin(held) is None or origin(held) != origin(account.url)  # what is no address is only like itself
