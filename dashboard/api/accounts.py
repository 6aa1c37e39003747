"""`/accounts/{name}/reset-brake`: a person lets policies act again on an account whose brake has tripped."""

from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from dashboard.api.answers import answer, caller, returns
from dashboard.api.errors import not_found
from sandboxes.actions import brake
from sandboxes.core.accounts import enabled_accounts

router = Router(tags=["accounts"])


class BrakeState(msgspec.Struct, frozen=True):
    """The most actions of all policies together on an account, and whether they have reached it."""

    account: str
    per_hour: int
    per_day: int
    tripped_at: datetime | None
    why: str


@router.post("/{slug:name}/reset-brake", operation_id="reset_account_brake", **returns(BrakeState))
def reset_brake(request: HttpRequest, name: str) -> HttpResponse:
    """Policies may act on the account again; what they did until now no longer counts."""
    account = next((one for one in enabled_accounts() if one.name == name), None)
    if account is None:
        raise not_found(f"account {name!r}")
    now = timezone.now()
    row = brake.reset(account, caller(request).label, now)
    limits = brake.limits_of(account, now)
    return answer(BrakeState(account.name, limits.per_hour, limits.per_day, row.tripped_at, row.why))
