"""Each account's backend, asked now with the account's own key, and how its clock stands to ours."""

from collections.abc import Iterator
from typing import Final

from asgiref.sync import async_to_sync

from dashboard.system.doctor.finding import Finding, State
from sandboxes.cleanup.reaper.brakes import MOST_CLOCK_OFFSET_SECONDS
from sandboxes.core.accounts import client_for, enabled_accounts
from sandboxes.e2b import E2BError, KeyUnreadable, RateLimited, Unauthorized, Unreachable
from sandboxes.models import Account

DEADLINE_SECONDS: Final = 10.0
CLOCK_SECONDS: Final = 5.0  # our own clock may be wrong by so much before ages on pages mislead
_CURES: Final[tuple[tuple[type[E2BError], str], ...]] = (
    (KeyUnreadable, "Enter the API key again in Settings → Account."),
    (Unauthorized, "Make a new API key at the backend and enter it in Settings → Account (or E2B_API_KEY)."),
    (RateLimited, "Wait: the backend asks for fewer calls."),
    (Unreachable, "Check the account's address, and whether this machine can reach it (firewall, proxy, DNS)."),
)


def accounts() -> Iterator[Finding]:
    """One list call for each enabled account."""
    enabled = enabled_accounts()
    if not enabled:
        yield Finding("account", "failed", "no account to watch", "Set E2B_API_KEY (and E2B_API_URL), and start again.")
    for account in enabled:
        yield from _account(account)


def _account(account: Account) -> Iterator[Finding]:
    name = f"account {account.name}"
    try:
        running, offset = async_to_sync(_ask)(account)
    except E2BError as error:
        yield Finding(name, "failed", str(error), next((cure for kind, cure in _CURES if isinstance(error, kind)), ""))
        return
    yield Finding(name, "ok", f"{account.url} answers; the first page lists {running} running sandboxes")
    clock = f"clock of {account.name}"
    says = f"the backend’s clock is {abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'} ours"
    if abs(offset) <= CLOCK_SECONDS:
        yield Finding(clock, "ok", says)
    else:
        state: State = "failed" if abs(offset) > MOST_CLOCK_OFFSET_SECONDS else "warning"
        yield Finding(
            clock,
            state,
            says,
            "Policies stand still from 2 min on. Set this machine’s clock by NTP (timedatectl set-ntp true).",
        )


async def _ask(account: Account) -> tuple[int, float]:
    async with client_for(account) as client:
        page = await client.list_page(states=("running",), deadline_seconds=DEADLINE_SECONDS)
        return len(page.items), client.clock_offset_seconds
