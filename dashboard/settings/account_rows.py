"""The lines of Settings → Accounts: how each account does, and what each backend can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from dashboard.accounts.capability_words import WORDS, table, title
from sandboxes.core import sight
from sandboxes.models import Account, AccountHealth, Sandbox
from sandboxes.models.fields import is_set

GLYPHS = {"yes": ("yes", "run"), "partly": ("note", "ink"), "no": ("no", "ink"), "unknown": ("stale", "stale")}


@dataclass(frozen=True)
class Row:
    """`glyph` and `state` say how it does, `why` what is wrong; `key` whether one is on record."""

    account: Account
    glyph: str
    state: str
    why: str
    live: int
    synced_at: datetime | None
    key: bool


def kept() -> list[Account]:
    """Accounts that whoever asks holds, disabled ones too; not the simulated ones that were set aside."""
    return sight.held(Account.objects.exclude(simulated=True, enabled=False).order_by("pk"))


def rows(accounts: Sequence[Account]) -> list[Row]:
    """One for each, in their order."""
    healths = {one.account_id: one for one in AccountHealth.objects.filter(account__in=accounts)}
    alive = Sandbox.objects.filter(account__in=accounts).exclude(state=Sandbox.State.ENDED)
    live = dict(alive.order_by().values_list("account").annotate(Count("pk")))
    return [_row(one, healths.get(one.pk), live.get(one.pk, 0)) for one in accounts]


def capabilities(accounts: Sequence[Account]) -> list[tuple[str, list[dict[str, Any]]]]:
    """A line for each capability: what it is called, then a mark and words for each account."""
    tables = [table(account.capabilities) for account in accounts]
    return [(title(name), [_cell(one[name].state, one[name].says) for one in tables]) for name in WORDS]


def _cell(state: str, says: str) -> dict[str, Any]:
    glyph, tint = GLYPHS[state]
    return {"glyph": glyph, "tint": tint, "says": says, "faint": state in {"no", "unknown"}}


def _row(account: Account, health: AccountHealth | None, live: int) -> Row:
    glyph, state, why = _state(account, health)
    synced = health.last_sync_at if health else None
    return Row(account, glyph, state, why, live, synced, is_set(account, "api_key"))


def _state(account: Account, health: AccountHealth | None) -> tuple[str, str, str]:
    if not account.enabled:
        return "end", _("disabled"), ""
    if health is None or health.reachable is None:
        return "stale", _("not synced yet"), ""
    if not health.reachable:
        return "bad", _("not reachable"), health.sync_error
    if why := health.sync_error or health.poll_error or health.reconcile_error:
        return "warn", _("limited"), why
    return "run", _("healthy"), ""
