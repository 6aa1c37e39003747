"""A policy as REST shows it: what was written, its version, and how it is doing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from django.db.models import Count

from sandboxes.cleanup.policy_book import spec_of
from sandboxes.core import sight
from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost.saved import saved_by
from sandboxes.models import Account, Action, Policy, Verdict
from sandboxes.policies import PolicyError, PolicySpec, as_dict

LOOK_BACK: Final = timedelta(days=7)
RUN_EVERY: Final = timedelta(seconds=15)  # the beat of `sandboxes.tasks.reap`
_DONE: Final = [Action.State.DONE, Action.State.CONFIRMED]


class PolicyBreaker(msgspec.Struct, frozen=True):
    state: Literal["closed", "tripped"]
    tripped_at: datetime | None
    why: str | None


class PolicyStatus(msgspec.Struct, frozen=True):
    """`hits` of the last run; `saved_usd_7d`: by `sandboxes.cost.saved`."""

    last_run_at: datetime | None
    next_run_at: datetime | None
    hits: int
    in_grace: int
    done_7d: int
    saved_usd_7d: float
    breaker: PolicyBreaker


# The written policy's own fields, and ours after them.
PolicyView = msgspec.defstruct(
    "Policy",
    [
        ("id", int),
        ("version", int),
        *[(field.name, field.type) for field in msgspec.structs.fields(PolicySpec)],
        ("status", PolicyStatus),
    ],
    module=__name__,
)


def views_of(policies: Sequence[Policy], now: datetime) -> list[dict[str, Any]]:
    """All of them, each with its status."""
    actions = Action.objects.filter(policy__in=policies, account__in=shown_account_ids())
    waiting = actions.filter(state=Action.State.GRACE).values_list("policy").annotate(n=Count("pk"))
    in_grace: dict[int | None, int] = dict(waiting)
    acted = actions.filter(state__in=_DONE, answered_at__gt=now - LOOK_BACK, kind__in=["kill", "pause"])
    done: dict[int | None, int] = dict(acted.values_list("policy").annotate(n=Count("pk")))
    saved = saved_by(now - LOOK_BACK, now, now)
    hits, names = _hits_in_sight(policies), _names_in_sight()
    return [
        {
            "id": policy.pk,
            "version": policy.version,
            **_shown(_written(policy), names),
            "status": PolicyStatus(
                last_run_at=policy.last_run_at,
                next_run_at=_next_run(policy, now),
                hits=policy.hits if hits is None else hits.get(policy.pk, 0),
                in_grace=in_grace.get(policy.pk, 0),
                done_7d=done.get(policy.pk, 0),
                saved_usd_7d=round(float(saved.get(policy.pk, 0)), 6),
                breaker=_breaker(policy),
            ),
        }
        for policy in policies
    ]


def _hits_in_sight(policies: Sequence[Policy]) -> dict[int, int] | None:
    """How many of the accounts in sight each holds; None where all are in sight, and its last run has counted them."""
    if sight.everything() is None and not sight.is_narrowed():
        return None
    held = Verdict.objects.holding().filter(policy__in=policies, sandbox__account__in=shown_account_ids())
    return {key: n for key, n in held.values_list("policy").annotate(n=Count("sandbox", distinct=True)) if key}


def _names_in_sight() -> frozenset[str] | None:
    if sight.everything() is None:
        return None
    return frozenset(one.name for one in sight.held(Account.objects.only("name")))


def _shown(written: dict[str, Any], names: frozenset[str] | None) -> dict[str, Any]:
    """Without the names of accounts that whoever asks may not see."""
    accounts = (written.get("match") or {}).get("accounts")
    if names is None or not accounts:
        return written
    return written | {"match": written["match"] | {"accounts": [one for one in accounts if one in names]}}


def _written(policy: Policy) -> dict[str, Any]:
    """What was written, with every default filled in; as it is stored when it can't be meant."""
    try:
        return as_dict(spec_of(policy))
    except PolicyError:
        return {name: getattr(policy, name) for name in PolicySpec.__struct_fields__}


def _next_run(policy: Policy, now: datetime) -> datetime | None:
    if not policy.enabled:
        return None
    return max(now, policy.last_run_at + RUN_EVERY) if policy.last_run_at else now


def _breaker(policy: Policy) -> PolicyBreaker:
    tripped = policy.breaker_tripped_at
    return PolicyBreaker("tripped" if tripped else "closed", tripped, policy.breaker_why or None)
