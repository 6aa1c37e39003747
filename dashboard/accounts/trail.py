"""What is written down of changes of accounts: who, when, from what to what; never a secret."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry

from dashboard.access.callers import Caller
from dashboard.models import ApiToken
from sandboxes.models import Account

log = logging.getLogger(__name__)


def note(by: Caller, account: Account, sentence: str, *, added: bool = False) -> None:
    """A line in the server's log, and in the admin's log where a person stands behind the caller."""
    log.warning("account %s, by %s: %s", account.name, by.label, sentence)
    who = _person(by)
    if who is not None:
        told = f"{sentence} (by {by.label})" if by.kind == "token" else sentence
        LogEntry.objects.log_actions(who, [account], ADDITION if added else CHANGE, told, single_object=True)


def added(account: Account) -> str:
    """What a new account is."""
    return f"Account added: {account.url}, actions {account.actions}"


def difference(before: Mapping[str, Any], account: Account, secrets: Sequence[str]) -> str:
    """What changed, old and new; of secrets only that they did. Empty when nothing did."""
    now = {name: getattr(account, name) for name in before}
    changed = [f"{name}: {_shown(old)} → {_shown(now[name])}" for name, old in before.items() if now[name] != old]
    changed += [f"{name}: {'entered' if account.__dict__[name] else 'removed'}" for name in secrets]
    return f"Account changed, {'; '.join(changed)}" if changed else ""


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "", {}) else str(value)


def _person(by: Caller) -> int | None:
    """The login that acts, or that made the token; None for the environment's token."""
    kind, _, key = by.key.partition(":")
    if kind == "user":
        return int(key)
    return ApiToken.objects.filter(pk=key).values_list("made_by", flat=True).first()
