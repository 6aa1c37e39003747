"""`GET /policies/{id}/trust`: what a policy's dry runs and its replay prove, before anybody enforces it."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from dashboard.api.answers import answer, returns
from dashboard.api.errors import Refusal
from dashboard.api.policies import policy_of
from dashboard.ui.formats import exact, span
from dashboard.ui.signs import UNKNOWN, USED
from sandboxes.cleanup import whatif
from sandboxes.policies import PolicyError

router = Router(tags=["policies"])


class TrustItem(msgspec.Struct, frozen=True):
    """`used_again_by`: cpu, resumed, timeout_moved, leased, requested; null when it was not, as far as is known.

    `not_judgeable`: killed, early or no_samples; `found_by`: replay, dry_run or both.
    """

    id: str
    account: str
    at: datetime
    used_again_by: str | None
    evidence: str
    not_judgeable: str | None
    found_by: str
    saved_usd: float


class PolicyTrust(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """`days` covered, at most 7. `not_judgeable` are those items, and `without_samples`, whose idleness nobody knows.

    `ready`: 7 days, and at most 5 % of those that can be judged were used again; else `why_not` says what is missing.
    """

    start: datetime
    end: datetime
    days: float
    sandboxes: int
    would_have_acted: int
    used_again: int
    used_again_pct: float | None
    not_judgeable: int
    without_samples: list[str]
    usd_saved: float
    items: list[TrustItem]
    ready: bool
    why_not: list[str]
    dry_run_since: datetime | None


@router.get("/{int:policy_id}/trust", operation_id="trust_policy", **returns(PolicyTrust))
def trust(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Replays the stored policy over the last week, as far as our record reaches, and adds what its dry run held."""
    policy = policy_of(policy_id)
    try:
        return answer(shown(whatif.trust(policy, timezone.now())))
    except PolicyError as error:
        raise Refusal(409, "not_in_state", f"the stored policy can't be evaluated: {error}") from None


def shown(found: whatif.Trust) -> PolicyTrust:
    """The report in the contract's form."""
    return PolicyTrust(
        start=found.start,
        end=found.end,
        days=round(found.covered.total_seconds() / 86_400, 2),
        sandboxes=found.lived,
        would_have_acted=len(found.items),
        used_again=len(found.used_again),
        used_again_pct=None if found.share is None else round(100 * found.share, 2),
        not_judgeable=len(found.unknown) + len(found.unjudged),
        without_samples=list(found.unjudged),
        usd_saved=found.saved_usd,
        items=[
            TrustItem(
                one.life.sandbox_id, one.life.account, one.at, one.used_again.what if one.used_again else None,
                evidence(one), one.unknown, one.found_by, round(one.saved_usd, 6),
            )
            for one in found.items
        ],
        ready=found.is_ready,
        why_not=[_why(found, lack) for lack in found.lacks],
        dry_run_since=found.dry_since,
    )  # fmt: skip


def evidence(one: whatif.Judged) -> str:
    """How it is known that it was used again, or why nothing is; else why it would have been acted on."""
    if one.used_again is not None:
        later = span((one.used_again.at - one.at).total_seconds())
        return f"{USED[one.used_again.what]} at {exact(one.used_again.at)}, {later} later"
    if one.unknown is not None:
        return UNKNOWN[one.unknown]
    return "; ".join(reason.evidence for reason in one.reasons)


def _why(found: whatif.Trust, lack: str) -> str:
    if lack == "days":
        return f"the record covers {span(found.covered.total_seconds())} of 7 days"
    if lack == "judgeable":
        return f"none of the {len(found.items)} can be judged"
    judged = len(found.items) - len(found.unknown)
    return (
        f"{len(found.used_again)} of {judged} ({100 * (found.share or 0):.0f} %) were used again; "
        f"at most {100 * whatif.MOST_USED_AGAIN:.0f} % may be"
    )
