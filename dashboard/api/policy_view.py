"""A policy as REST shows it: what was written, its version, and how it is doing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec
from django.db.models import Count

from sandboxes.models import Action, Execution, Policy
from sandboxes.policies import PolicyError, PolicySpec, as_dict
from sandboxes.policy_book import spec_of
from sandboxes.prices import price_book

LOOK_BACK: Final = timedelta(days=7)
RUN_EVERY: Final = timedelta(seconds=15)  # the beat of `sandboxes.tasks.reap`
_DONE: Final = [Action.State.DONE, Action.State.CONFIRMED]


class Breaker(msgspec.Struct, frozen=True):
    state: Literal["closed", "tripped"]
    tripped_at: datetime | None
    why: str | None


class Status(msgspec.Struct, frozen=True):
    """`hits` of the last run; `saved_usd_7d`: what it stopped in 7 days would have cost until now or its own end."""

    last_run_at: datetime | None
    next_run_at: datetime | None
    hits: int
    in_grace: int
    done_7d: int
    saved_usd_7d: float
    breaker: Breaker


# The written policy's own fields, and ours after them.
PolicyView = msgspec.defstruct(
    "Policy",
    [
        ("id", int),
        ("version", int),
        *[(field.name, field.type) for field in msgspec.structs.fields(PolicySpec)],
        ("status", Status),
    ],
    module=__name__,
)


def views_of(policies: Sequence[Policy], now: datetime) -> list[dict[str, Any]]:
    """All of them, each with its status."""
    actions = Action.objects.filter(policy__in=policies)
    waiting = actions.filter(state=Action.State.GRACE).values_list("policy").annotate(n=Count("pk"))
    in_grace: dict[int | None, int] = dict(waiting)
    done, saved = _done_and_saved([policy.pk for policy in policies], now)
    return [
        {
            "id": policy.pk,
            "version": policy.version,
            **_written(policy),
            "status": Status(
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


def _breaker(policy: Policy) -> Breaker:
    tripped = policy.breaker_tripped_at
    return Breaker("tripped" if tripped else "closed", tripped, policy.breaker_why or None)


def _done_and_saved(policies: Sequence[int], now: datetime) -> tuple[dict[int, int], dict[int, Decimal]]:
    """Acts that were done in the last week, and what the runs they ended would have cost on."""
    acts = Action.objects.filter(
        policy__in=policies, state__in=_DONE, answered_at__gt=now - LOOK_BACK, kind__in=["kill", "pause"]
    )
    done: dict[int, int] = {}
    saved: dict[int, Decimal] = {}
    prices, ended = price_book(), _runs_ended_since(now - LOOK_BACK - timedelta(days=1), acts.values("sandbox"))
    for act in acts:
        policy, answered_at = act.policy_id, act.answered_at
        if policy is None or answered_at is None:
            continue
        done[policy] = done.get(policy, 0) + 1
        for run in ended.get(act.sandbox_id, []) if act.outcome in {"killed", "paused"} else []:
            until = min(now, run.end_at) if run.end_at else now
            if run.ended_at and abs(run.ended_at - answered_at) < timedelta(minutes=1) and until > run.ended_at:
                cost = prices.cost_usd(run.cpu_count, run.memory_mb, run.ended_at, until)
                saved[policy] = saved.get(policy, Decimal(0)) + cost
    return done, saved


def _runs_ended_since(since: datetime, sandboxes: Any) -> dict[int, list[Execution]]:
    runs: dict[int, list[Execution]] = {}
    for run in Execution.objects.filter(sandbox__in=sandboxes, ended_at__gt=since):
        runs.setdefault(run.sandbox_id, []).append(run)
    return runs
