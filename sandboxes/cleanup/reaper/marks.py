"""Marks: actions in grace, each of one version of one enforcing policy; made, voided, and found when grace is over."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from sandboxes.actions import announce, machine
from sandboxes.actions.claims import killed_at, was_killed
from sandboxes.actions.waking import EVIDENCE
from sandboxes.cleanup import owner_callback
from sandboxes.cleanup.policy_book import void_marks
from sandboxes.cleanup.reaper.brakes import hour_before
from sandboxes.cleanup.reaper.facts import Fleet
from sandboxes.cleanup.reaper.verdicts import Hits, told_of
from sandboxes.models import Account, Action, Policy, Sandbox
from sandboxes.policies import PolicySpec

ONCE_IN = timedelta(hours=24)  # what wakes or comes back after our act is not shot at again for that long
Kind, State = Action.Kind, Action.State


def void_unfounded() -> int:
    """Voids marks whose policy has changed, stopped enforcing, or is gone; and those of a fleet judged elsewhere."""
    waiting = Action.objects.filter(actor_kind="policy", state__in=[State.GRACE, State.QUEUED])
    followers = waiting.exclude(account__same_fleet_as=None)
    voided = void_marks(followers, "void: judged under another account of the same fleet")
    founded = Q(policy__enabled=True, policy__mode=Policy.Mode.ENFORCE, policy_version=F("policy__version"))
    sound = waiting.filter(founded).values("pk")
    unfounded = waiting.exclude(pk__in=sound)
    return voided + void_marks(unfounded, "void: the policy was changed or no longer enforces")


def mark(
    policy: Policy, spec: PolicySpec, fleet: Fleet, hits: Hits, since: Mapping[int, datetime], now: datetime
) -> list[Action]:
    """Marks what is hit and not marked yet; voids marks of what is no longer hit. `since`: the verdicts' beginnings."""
    void_spared(policy, fleet.account, hits)
    known = {key: reasons for key, reasons in hits.items() if not fleet.known[key].condemned}
    barred = _barred(policy, list(known), since, now) | _killed(fleet, list(known))
    if spec.action != "notify":
        barred |= _taken_by_others(policy, fleet, list(known))
    if spec.action == "pause":
        barred |= {key for key in known if fleet.known[key].facts.state == "paused"}
    free = {key: fleet.known[key].facts.sandbox_id for key in known if key not in barred}
    dead = owner_callback.before_mark(policy, fleet.account, free, now) if spec.action != "notify" else set(free)
    kind = Kind.PAUSE if spec.quarantine_seconds is not None else spec.action
    new = [
        machine.begin(
            State.GRACE, kind=kind, account=fleet.account, sandbox_id=key, actor_kind="policy",
            actor_name=policy.name, policy=policy, policy_version=policy.version, reason=policy.name,
            evidence=told_of(reasons), requested_at=now, act_at=now + timedelta(seconds=spec.grace_seconds),
        )
        for key, reasons in known.items()
        if key in dead
    ]  # fmt: skip
    if kind == Kind.PAUSE:
        _tell_who_wakes(new)
    Action.objects.bulk_create(new, batch_size=1000)
    announce.changed(Action.objects.filter(pk__in=[one.pk for one in new]).select_related("sandbox"))
    return new


def _tell_who_wakes(pauses: Sequence[Action]) -> None:
    """As far as it is known: the look before the act asks again."""
    keys = [pause.sandbox_id for pause in pauses]
    wake = set(Sandbox.objects.filter(pk__in=keys, auto_resume=True).values_list("pk", flat=True))
    for pause in pauses:
        if pause.sandbox_id in wake:
            pause.evidence = [*pause.evidence, EVIDENCE]


def void_spared(policy: Policy, account: Account, hits: Hits) -> None:
    """Voids the policy's marks of sandboxes that it does not hit any more."""
    mine = Action.objects.filter(policy=policy, account=account).filter(quarantine_of=None)
    void_marks(mine.exclude(sandbox_id__in=list(hits)), "void: no longer an orphan")


def mark_quarantined(policy: Policy, spec: PolicySpec, account: Account, now: datetime) -> None:
    """What this version has itself paused as a quarantine is marked for its kill, once; grace is never skipped."""
    if spec.quarantine_seconds is None:
        return
    mine = Action.objects.filter(policy=policy, account=account, policy_version=policy.version)
    paused = mine.filter(kind=Kind.PAUSE, state=State.CONFIRMED, outcome="paused").exclude(
        sandbox__state=Sandbox.State.ENDED
    )
    soonest = now + timedelta(seconds=spec.grace_seconds)
    followed = set(mine.exclude(quarantine_of=None).values_list("quarantine_of", flat=True))
    open_acts = Action.objects.filter(
        account=account, actor_kind="policy", kind__in=[Kind.KILL, Kind.PAUSE],
        state__in=[State.GRACE, State.QUEUED, State.SENT],
    )  # fmt: skip
    taken = set(open_acts.values_list("sandbox_id", flat=True))
    new = [
        machine.begin(
            State.GRACE, kind=Kind.KILL, account=account, sandbox_id=pause.sandbox_id, actor_kind="policy",
            actor_name=policy.name, policy=policy, policy_version=policy.version, reason=f"{policy.name}: quarantine",
            evidence=pause.evidence, requested_at=now, quarantine_of=pause,
            act_at=max((pause.answered_at or now) + timedelta(seconds=spec.quarantine_seconds), soonest),
        )
        for pause in paused
        if pause.pk not in followed and pause.sandbox_id not in taken
    ]  # fmt: skip
    Action.objects.bulk_create(new)
    announce.changed(Action.objects.filter(pk__in=[one.pk for one in new]).select_related("sandbox"))


def due(policy: Policy, accounts: Sequence[Account], now: datetime) -> list[Action]:
    """Marks whose grace is over, the oldest sandbox first, as many as the run's and the hour's maximum leave."""
    mine = Action.objects.filter(policy=policy)
    lately = mine.filter(Q(sent_at__gte=hour_before(now)) | Q(state=State.QUEUED)).count()
    room = min(policy.max_per_run, policy.max_per_hour - lately)
    if room <= 0:
        return []
    ripe = mine.filter(state=State.GRACE, act_at__lte=now, account__in=list(accounts))
    ordered = ripe.select_related("sandbox", "account", "account__health", "policy").order_by(
        "sandbox__started_at", "pk"
    )
    return list(ordered[:room])


def _barred(policy: Policy, keys: Sequence[int], since: Mapping[int, datetime], now: datetime) -> set[int]:
    """Those the policy must not mark now: acted on or marked already, spared by a person, failed, told of."""
    open_states = [State.GRACE, State.QUEUED, State.SENT, State.DONE]
    tried = Action.objects.filter(policy=policy, sandbox_id__in=keys).filter(
        Q(state__in=open_states)
        | Q(spare_until__gt=now)
        | Q(state=State.FAILED, policy_version=policy.version)
        | Q(state__in=[State.FAILED, State.CONFIRMED], kind__in=[Kind.KILL, Kind.PAUSE], sent_at__gte=now - ONCE_IN)
    )
    told = Action.objects.filter(policy=policy, sandbox_id__in=keys, kind=Kind.NOTIFY, state=State.CONFIRMED)
    noted = {key for key, at in told.values_list("sandbox_id", "requested_at") if at >= since[key]}
    return set(tried.values_list("sandbox_id", flat=True)) | noted


def _taken_by_others(policy: Policy, fleet: Fleet, keys: Sequence[int]) -> set[int]:
    """Those on which another policy has an open kill or pause, under whichever account: one act a sandbox."""
    locks = {fleet.known[key].lock: key for key in keys}
    acts = Action.objects.filter(
        sandbox__lock__in=locks, actor_kind="policy", kind__in=[Kind.KILL, Kind.PAUSE],
        state__in=[State.GRACE, State.QUEUED, State.SENT],
    ).exclude(policy=policy, account=fleet.account)  # fmt: skip
    return {locks[lock] for lock in acts.values_list("sandbox__lock_id", flat=True)}


def _killed(fleet: Fleet, keys: Sequence[int]) -> set[int]:
    """Those whose present run has an answered kill, whoever sent it: what lives on after that is for a person."""
    known = [fleet.known[key] for key in keys]
    killed = killed_at(one.lock for one in known)
    return {one.key for one in known if was_killed(one.lock, one.facts.started_at, killed, fleet.offset)}
