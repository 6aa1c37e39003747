"""A policy as REST shows it: what was written, its version, and how it is doing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from django.db.models import Count

from sandboxes.cleanup.policy_book import spec_of
from sandboxes.cost.saved import saved_by
from sandboxes.models import Action, Policy
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
    actions = Action.objects.filter(policy__in=policies)
    waiting = actions.filter(state=Action.State.GRACE).values_list("policy").annotate(n=Count("pk"))
    in_grace: dict[int | None, int] = dict(waiting)
    acted = actions.filter(state__in=_DONE, answered_at__gt=now - LOOK_BACK, kind__in=["kill", "pause"])
    done: dict[int | None, int] = dict(acted.values_list("policy").annotate(n=Count("pk")))
    saved = saved_by(now - LOOK_BACK, now, now)
    return [
        {
            "id": policy.pk,
            "version": policy.version,
            **_written(policy),
            "status": PolicyStatus(
                last_run_at=policy.last_run_at,
                next_run_at=_next_run(policy, now),
                hits=policy.hits,
                in_grace=in_grace.get(policy.pk, 0),
                done_7d=done.get(policy.pk, 0),
                saved_usd_7d=round(float(saved.get(policy.pk, 0)), 6),
                breaker=_breaker(policy),
            ),
        }
        for policy in policies
    ]


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
