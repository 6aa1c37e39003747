"""Verdicts as intervals: from when to when each policy held each sandbox for an orphan, dry runs too."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sandboxes.cleanup import over_limit
from sandboxes.cleanup.owner_callback import RULE
from sandboxes.cleanup.reaper import facts, queries
from sandboxes.cleanup.reaper.facts import Fleet, Known
from sandboxes.core import database
from sandboxes.models import Account, Action, Policy, Verdict
from sandboxes.policies import DuplicatePlace, PolicySpec, Reason, duplicate_places, judge

Hits = Mapping[int, tuple[Reason, ...]]


def hits_of(spec: PolicySpec, fleet: Fleet, now: datetime) -> dict[int, tuple[Reason, ...]]:
    """Whom the policy hits now, oldest first, with the reasons. `now` is on our clock."""
    at = fleet.clock(now)
    known = complete(spec, fleet, list(fleet.known.values()), now)
    judged = {one.key: judge(spec, one.facts, at) for one in known}
    return {key: judgement.reasons for key, judgement in judged.items() if judgement.hit}


def complete(
    spec: PolicySpec,
    fleet: Fleet,
    wanted: Sequence[Known],
    now: datetime,
    verified: Collection[Known] | None = None,
    *,
    all_samples: bool = False,
) -> list[Known]:
    """`wanted` with the facts that cost more: places among duplicates and under a limit, and samples where all else
    already holds.

    With `all_samples` samples are read whatever else holds: for showing, where a judgement needs none.

    With `verified` a place counts those alone: nobody is a duplicate of what E2B has not just shown alive.
    """
    when, at = spec.orphan_when, fleet.clock(now)
    if isinstance(when.duplicate_of, tuple):
        places = _places(when.duplicate_of, fleet.known.values())
        if verified is not None:
            sure = _places(when.duplicate_of, verified)
            alive = {name: place.alive for name, place in places.items()}
            places = {name: replace(place, alive=alive.get(name, place.alive)) for name, place in sure.items()}
        wanted = [replace(w, facts=replace(w.facts, duplicate=places.get(w.facts.sandbox_id))) for w in wanted]
    if isinstance(when.over_limit, str):
        stands = over_limit.places(when.over_limit, fleet.account, [w.key for w in wanted], now)
        wanted = [replace(w, facts=replace(w.facts, limit=stands.get(w.key))) for w in wanted]
    if isinstance(when.idle_for_seconds, int):
        worth = [w.key for w in wanted if all_samples or judge(spec, w.facts, at, assume_idle=True).hit]
        windows = facts.cpu_windows(fleet.account, worth, when.idle_for_seconds, at) if worth else {}
        wanted = [replace(w, facts=replace(w.facts, cpu=windows.get(w.key))) for w in wanted]
    return list(wanted)


def keepers(spec: PolicySpec, fleet: Fleet, due: Collection[int]) -> list[int]:
    """Whom a policy on duplicates keeps in the groups of those `due`, as our record has them; none for another."""
    names = spec.orphan_when.duplicate_of
    if not isinstance(names, tuple):
        return []
    places = _places(names, fleet.known.values())
    kept = spec.orphan_when.keep if isinstance(spec.orphan_when.keep, int) else 1
    values = {key: tuple(one.facts.metadata.get(name, "") for name in names) for key, one in fleet.known.items()}
    groups = {values[key] for key in due if key in values}
    return [
        key
        for key, one in fleet.known.items()
        if values[key] in groups and key not in due and _is_kept(places.get(one.facts.sandbox_id), kept)
    ]


def _is_kept(place: DuplicatePlace | None, kept: int) -> bool:
    return place is not None and place.rank <= kept


def _places(names: tuple[str, ...], known: Collection[Known]) -> dict[str, DuplicatePlace]:
    """Those that are being killed, or wait to be, keep nobody's place."""
    sent_soon = Action.objects.filter(kind=Action.Kind.KILL, state=Action.State.QUEUED)
    queued = set(sent_soon.values_list("sandbox_id", flat=True))
    going = {one.facts.sandbox_id for one in known if one.condemned or one.key in queued}
    return duplicate_places((one.facts for one in known), names, going)


def record(policy: Policy, account: Account, hits: Hits, now: datetime) -> dict[int, datetime]:
    """Opens and closes verdicts so that the open ones are `hits`; since when each is held, by sandbox.

    A verdict belongs to one version: a changed policy begins anew. Reasons are rewritten only when they differ.
    """
    held = Verdict.objects.filter(policy=policy, until=None, sandbox__account=account)
    by_key = {verdict.sandbox_id: verdict for verdict in held}
    over = [v.pk for key, v in by_key.items() if key not in hits or v.policy_version != policy.version]
    Verdict.objects.filter(pk__in=over).update(until=now)
    kept = {key: verdict for key, verdict in by_key.items() if verdict.pk not in set(over)}
    moved = []
    for key, verdict in kept.items():
        told = told_of(hits[key]) + _spared(verdict)
        if verdict.reasons != told:
            verdict.reasons = told
            moved.append(verdict)
    _rewrite(moved)
    new = [
        Verdict(
            policy=policy, policy_name=policy.name, policy_version=policy.version, sandbox_id=key, since=now,
            reasons=told_of(reasons),
        )
        for key, reasons in hits.items()
        if key not in kept
    ]  # fmt: skip
    Verdict.objects.bulk_create(new, batch_size=1000)
    return dict.fromkeys(hits, now) | {key: verdict.since for key, verdict in kept.items()}


def close_unheld(account_keys: Sequence[int], now: datetime) -> int:
    """Ends the verdicts that no run will end: of policies that are off, and of accounts not at work any more."""
    held = Verdict.objects.filter(until=None)
    off = held.exclude(policy__in=Policy.objects.filter(enabled=True))
    away = held.exclude(sandbox__account_id__in=account_keys)
    return off.update(until=now) + away.update(until=now)


def _spared(verdict: Verdict) -> list[dict[str, Any]]:
    """The application's word, where that is what keeps it from being marked."""
    return [{"rule": RULE, "evidence": f"spared: {verdict.spared_why}"}] if verdict.spared_why else []


def _rewrite(moved: Sequence[Verdict]) -> None:
    if not moved:
        return
    told = [json.dumps(verdict.reasons) for verdict in moved]
    database.execute(queries.REWRITE_REASONS, {"keys": [verdict.pk for verdict in moved], "told": told})


def told_of(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """Reasons as they are stored and shown."""
    return [asdict(reason) for reason in reasons]
