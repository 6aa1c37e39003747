"""The lines of Settings → Accounts: how each account does, and what each backend can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from dashboard.accounts.capability_words import WORDS, table, title
from dashboard.ui.account_state import State, healths_of, live_in, state_of
from sandboxes.models import Account, AccountHealth
from sandboxes.models.fields import is_set

GLYPHS = {"yes": ("yes", "run"), "partly": ("note", "ink"), "no": ("no", "ink"), "unknown": ("stale", "stale")}


@dataclass(frozen=True)
class Row:
    """`key`: whether one is on record."""

    account: Account
    state: State
    live: int
    synced_at: datetime | None
    key: bool


def rows(accounts: Sequence[Account]) -> list[Row]:
    """One for each, in their order."""
    healths, live, now = healths_of(accounts), live_in(accounts), timezone.now()
    return [_row(one, healths.get(one.pk), live.get(one.pk, 0), now) for one in accounts]


def capabilities(accounts: Sequence[Account]) -> list[tuple[str, list[dict[str, Any]]]]:
    """A line for each capability: what it is called, then a mark and words for each account."""
    tables = [table(account.capabilities) for account in accounts]
    return [(title(name), [_cell(one[name].state, one[name].says) for one in tables]) for name in WORDS]


def _cell(state: str, says: str) -> dict[str, Any]:
    glyph, tint = GLYPHS[state]
    return {"glyph": glyph, "tint": tint, "says": says, "faint": state in {"no", "unknown"}}


def _row(account: Account, health: AccountHealth | None, live: int, now: datetime) -> Row:
    state = state_of(account, health, now)
    synced = health.last_sync_at if health else None
    return Row(account, state, live, synced, is_set(account, "api_key"))
