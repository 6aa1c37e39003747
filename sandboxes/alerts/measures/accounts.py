"""Figures of accounts and of acts on them: what can't be read, what is late, what failed, what tripped."""

from collections import defaultdict
from datetime import timedelta
from typing import Final

from sandboxes.alerts import queries
from sandboxes.alerts.look import Failure, Look, Seen
from sandboxes.alerts.measures.shapes import MOST_EXAMPLES, Measured, key_of, one
from sandboxes.alerts.rules import AlertRuleSpec, Figure
from sandboxes.core import database
from sandboxes.models import AccountBrake, Policy

FAILED_WITHIN: Final = timedelta(minutes=10)
OLDEST_ACT: Final = timedelta(days=8)


def unreadable(spec: AlertRuleSpec, look: Look) -> list[Measured]:
    """Accounts of one backend that fail alike are one: all whose key is refused, all that give no answer."""
    failing: dict[tuple[str, bool], list[tuple[Seen, Failure]]] = defaultdict(list)
    for seen in look.of(spec.accounts):
        if seen.failure is not None:
            failing[seen.backend, seen.failure.of_key].append((seen, seen.failure))
    return [_failing(backend, of_key, found, look) for (backend, of_key), found in sorted(failing.items())]


def _failing(backend: str, of_key: bool, found: list[tuple[Seen, Failure]], look: Look) -> Measured:
    first = min((failure for _, failure in found), key=lambda one: one.since)
    names = sorted(seen.account.name for seen, _ in found)
    group = {"account": names[0]} if len(names) == 1 else {"backend": backend}
    figure = Figure(
        value=max((look.now - first.since).total_seconds(), 0.001), count=len(names), of=len(look.seen),
        accounts=frozenset(seen.account.pk for seen, _ in found),
        told={"why": first.why, "backend": backend, "accounts": names, "key": of_key},
    )  # fmt: skip
    return Measured(group, figure, key_of({"backend": backend, "refused": "key" if of_key else ""}), [])


def late(spec: AlertRuleSpec, look: Look) -> list[Measured]:
    """Seconds since the last poll of each account that can be read."""
    found = []
    for seen in look.of(spec.accounts):
        since = seen.health.last_poll_at or seen.account.created_at
        figure = Figure(value=max((look.now - since).total_seconds(), 0.0), accounts=frozenset({seen.account.pk}))
        if seen.failure is None:
            found.append(one({"account": seen.account.name}, figure, []))
    return found


def webhook_silent(spec: AlertRuleSpec, look: Look) -> list[Measured]:
    """Seconds since the last delivery, where `events` found that events come and deliveries do not."""
    found = []
    for seen in look.of(spec.accounts):
        last = max(filter(None, [seen.health.webhook_last_at, seen.health.webhook_since]), default=None)
        if seen.health.webhook_silent_since is not None and last is not None:
            value = (look.now - last).total_seconds()
            figure = Figure(value=max(value, 0.001), accounts=frozenset({seen.account.pk}))
            found.append(one({"account": seen.account.name}, figure, []))
    return found


def acts(spec: AlertRuleSpec, look: Look) -> list[Measured]:
    """Acts of the last ten minutes that failed (`action_failed`), whose sandbox came back (`came_back`), or that the
    plan's limit refused (`refused_starts`), by account."""
    seen = {one.account.pk: one.account.name for one in look.of(spec.accounts)}
    given = {
        "accounts": list(seen), "kind": spec.kind, "since": look.now - FAILED_WITHIN, "oldest": look.now - OLDEST_ACT,
    }  # fmt: skip
    return [
        one({"account": seen[account]},
            Figure(value=float(count), count=count, accounts=frozenset({account}), told={"why": why}),
            sorted(ids)[:MOST_EXAMPLES])
        for account, count, ids, why in database.rows(queries.FAILED_ACTS, given)
    ]  # fmt: skip


def tripped(spec: AlertRuleSpec, look: Look) -> list[Measured]:
    """Breakers of policies, and brakes of accounts, that a person has to reset."""
    seen = {one.account.name: one.account.pk for one in look.of(spec.accounts)}
    found = []
    for policy in Policy.objects.filter(enabled=True).exclude(breaker_tripped_at=None).order_by("pk"):
        keys = frozenset(seen[name] for name in (policy.match or {}).get("accounts") or seen if name in seen)
        if keys:
            figure = Figure(value=1.0, count=1, accounts=keys, told={"why": policy.breaker_why})
            found.append(one({"policy": policy.name}, figure, []))
    for brake in AccountBrake.objects.filter(account__in=seen.values()).exclude(tripped_at=None):
        name = next(name for name, key in seen.items() if key == brake.account_id)
        figure = Figure(value=1.0, count=1, accounts=frozenset({brake.account_id}), told={"why": brake.why})
        found.append(one({"account": name}, figure, []))
    return found
