"""`POST /policies/preview`: whom a policy would hit, now and over the stored past, before it is saved."""

from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from dashboard.api.answers import answer, returns, takes
from dashboard.api.errors import bad_request
from dashboard.api.params import Form, Word
from dashboard.api.policies import json_of, policy_of
from sandboxes.cleanup import whatif
from sandboxes.policies import PolicyError, PolicySpec, Reason, parse

router = Router(tags=["policies"])
MOST_ITEMS = 1000


class Asked(Form):
    """`sweep` names a number of the policy; `policy` the ID of the one it would replace, else its name tells."""

    sweep: Word | None = None
    policy: int | None = None


class PreviewHit(msgspec.Struct, frozen=True):
    id: str
    account: str
    usd_per_hour: float
    reasons: tuple[Reason, ...]


class PreviewHits(msgspec.Struct, frozen=True):
    """All of them, oldest first; `wake` of them, before a pause, wake on the next traffic (autoResume)."""

    count: int
    usd_per_hour: float
    wake: int
    items: list[PreviewHit]


class PreviewSpared(msgspec.Struct, frozen=True):
    """How many by the first rule that spares each."""

    count: int
    by_rule: dict[str, int]


class PreviewChange(msgspec.Struct, frozen=True):
    """Sandbox IDs against the stored policy; `version` is null when there is none."""

    version: int | None
    newly_hit: list[str]
    no_longer_hit: list[str]


class PreviewBrake(msgspec.Struct, frozen=True):
    """`what`: breaker, stale_view, quiet_hours, api_away, frozen; `refuses`: a person has to reset it."""

    what: str
    why: str
    refuses: bool


class LifeSign(msgspec.Struct, frozen=True):
    """The last one: `what` is resumed, cpu, timeout_moved or leased."""

    at: datetime
    what: str


class PastHit(msgspec.Struct, frozen=True):
    id: str
    account: str
    marked_at: datetime
    acted_at: datetime
    reasons: tuple[Reason, ...]
    showed_life_after: LifeSign | None
    saved_usd: float


class PreviewHour(msgspec.Struct, frozen=True):
    t: datetime
    would_have_hit: int
    showed_life_after: int


class PreviewHistory(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """As if it had been switched on, enforcing, at `from`, where our record begins. `items`: false hits first."""

    start: datetime
    end: datetime
    sandboxes: int
    would_have_hit: int
    showed_life_after: int
    saved_usd: float
    by_hour: list[PreviewHour]
    max_in_one_run: int
    items: list[PastHit]


class PreviewTried(msgspec.Struct, frozen=True):
    value: float
    would_have_hit: int
    showed_life_after: int
    saved_usd: float
    max_in_one_run: int


class PolicyPreview(msgspec.Struct, frozen=True):
    """`evaluated` are those alive in the accounts it matches, `fleet` all that are alive."""

    evaluated: int
    fleet: int
    hit: PreviewHits
    spared: PreviewSpared
    versus_current: PreviewChange
    brakes: list[PreviewBrake]
    would_be_refused: bool
    history: PreviewHistory
    sweep: list[PreviewTried]


@router.post("/preview", operation_id="preview_policy", **takes(PolicySpec, returns(PolicyPreview)))
def preview(request: HttpRequest, asked: Query[Asked]) -> HttpResponse:
    """Judges everyone alive by this policy, and replays it over the last week as far as our record reaches."""
    current = policy_of(asked.policy) if asked.policy is not None else None
    try:
        spec = parse(json_of(request))
        return answer(shown(whatif.preview(spec, timezone.now(), current=current, sweep=asked.sweep)))
    except PolicyError as error:
        raise bad_request(str(error)) from None


def shown(found: whatif.Preview) -> PolicyPreview:
    """The preview in the contract's form."""
    now = found.now
    return PolicyPreview(
        evaluated=now.evaluated,
        fleet=now.fleet,
        hit=PreviewHits(
            len(now.hits),
            now.usd_per_hour,
            now.wake,
            [PreviewHit(hit.sandbox_id, hit.account, hit.usd_per_hour, hit.reasons) for hit in now.hits],
        ),
        spared=PreviewSpared(sum(now.spared.values()), dict(now.spared)),
        versus_current=PreviewChange(
            found.current.version if found.current else None, list(found.newly_hit), list(found.no_longer_hit)
        ),
        brakes=[PreviewBrake(brake.what, brake.why, brake.refuses) for brake in now.brakes],
        would_be_refused=any(brake.refuses for brake in now.brakes),
        history=_history(found.history),
        sweep=[_tried(tried) for tried in found.sweep],
    )


def _history(past: whatif.History) -> PreviewHistory:
    false_first = sorted(past.outcomes, key=lambda one: one.life_after is None)
    return PreviewHistory(
        start=past.start,
        end=past.end,
        sandboxes=past.lived,
        would_have_hit=past.would_have_hit,
        showed_life_after=past.showed_life_after,
        saved_usd=past.saved_usd,
        by_hour=[PreviewHour(hour.at, hour.would_have_hit, hour.showed_life_after) for hour in past.hours],
        max_in_one_run=past.most_in_one_run,
        items=[
            PastHit(
                one.life.sandbox_id, one.life.account, one.marked_at, one.at, one.reasons(),
                LifeSign(*one.life_after) if one.life_after else None, round(one.saved_usd, 6),
            )
            for one in false_first[:MOST_ITEMS]
        ],
    )  # fmt: skip


def _tried(tried: whatif.Tried) -> PreviewTried:
    past = tried.history
    return PreviewTried(
        tried.value, past.would_have_hit, past.showed_life_after, past.saved_usd, past.most_in_one_run
    )  # fmt: skip
