"""The switcher in the menu: which accounts a page looks at, how each is, and the address of every other choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.ui.account_state import WORST_FIRST, Mark, live_in, states_of
from sandboxes.core import sight
from sandboxes.models import Account

# Places in a list, moments and what is open belong to the choice that was left.
_LEFT: Final = ("cursor", "after", "before", "page")
_E2B: Final = ("api.e2b.app", "api.e2b.dev")


@dataclass(frozen=True)
class Choice:
    """One account: `alone` looks at it only, `turned` adds it or takes it away. `why` is empty where all is well."""

    name: str
    kind: str
    mark: Mark
    why: str
    live: int
    chosen: bool
    alone: str
    turned: str


@dataclass(frozen=True)
class Switcher:
    """`mark` is the worst of the accounts that are looked at; `all` leads to all of them."""

    choices: Sequence[Choice]
    mark: Mark
    live: int
    all: str

    @property
    def chosen(self) -> list[Choice]:
        """Those that are looked at."""
        return [choice for choice in self.choices if choice.chosen]


def switcher(request: HttpRequest, accounts: Sequence[Account]) -> Switcher | None:
    """Over the accounts that may be seen; None where there is but one."""
    if len(accounts) < 2:
        return None
    looked_at = {account.pk for account in sight.looked_at(accounts)}
    names = [account.name for account in accounts if account.pk in looked_at]
    states, live = states_of(accounts, timezone.now()), live_in(accounts)
    choices = []
    for account in accounts:
        state = states[account.pk]
        turned = {*names} ^ {account.name}
        wanted = [one.name for one in accounts if one.name in turned]
        choices.append(
            Choice(
                account.name, kind_of(account), state.mark, state.why, live.get(account.pk, 0), account.pk in looked_at,
                _address(request, [account.name], len(accounts)), _address(request, wanted, len(accounts)),
            )
        )  # fmt: skip
    marks = {choice.mark for choice in choices if choice.chosen}
    worst: Mark = next((mark for mark in WORST_FIRST if mark in marks), "run")
    return Switcher(choices, worst, sum(live.values()), _address(request, [], len(accounts)))


def kind_of(account: Account) -> str:
    """Whose backend it is: E2B's own cloud, the simulator, or a host's name."""
    if account.simulated:
        return _("simulated")
    host = urlsplit(account.url).hostname or ""
    return "E2B" if host in _E2B else host


def _address(request: HttpRequest, names: Sequence[str], of: int) -> str:
    """This page over those accounts; over all of them for none, and for all."""
    query = QueryDict(request.META.get("QUERY_STRING", ""), mutable=True)
    for name in _LEFT:
        query.pop(name, None)
    query["account"] = ",".join(names) if len(names) < of else ""
    return f"{request.path}?{query.urlencode(safe=',')}"
