"""An owner's word, "these are mine and alive": made, renewed, released, and never run out because we were away."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Collate
from django.utils import timezone

from sandboxes.actions.cancelling import close_all, no_orphans
from sandboxes.cleanup import queries
from sandboxes.core import database, sight
from sandboxes.e2b.wire import MAX_SANDBOX_ID
from sandboxes.fleet.lease_coverage import beat
from sandboxes.models import Action, Lease, LeaseMember, LeaseSpan, Sandbox, SandboxLock

LONGEST_TTL_SECONDS = 30 * 86_400
MOST_IDS = 20_000


class LeaseError(ValueError):
    """A lease that can't be taken as it was given (REST: 400)."""


class LeaseConflict(Exception):
    """Every sandbox that was named is being killed or has ended (REST: 409); nothing was written."""

    def __init__(self, condemned: list[str]) -> None:
        super().__init__("every sandbox named is being killed or has ended")
        self.condemned = condemned


class LeaseTaken(Exception):
    """The lease is another's (REST: 403); nothing was written."""

    def __init__(self, key: str, by: str) -> None:
        super().__init__(f"the lease {key!r} belongs to {by or 'another'}: use another key, or have it released")


@dataclass(frozen=True)
class Claimant:
    """Who makes, renews or releases a lease: `maker` as on record, and whose leases it may take besides its own.

    `accounts`: keys of those that it holds, None for all. Its leases cover nothing of another.
    """

    maker: str = ""
    accounts: frozenset[int] | None = None
    may_take: Callable[[str], bool] = lambda _: True


ANYBODY = Claimant()


@dataclass(frozen=True)
class LeaseResult:
    """The answer to an owner. `condemned` must not be handed out: being killed or ended. `marked` are spared now."""

    key: str
    expires_at: datetime
    live: int
    unknown: list[str]
    marked: list[str]
    condemned: list[str]


@transaction.atomic
def put(
    key: str,
    ttl_seconds: int,
    *,
    ids: Sequence[str] | None = None,
    metadata: Mapping[str, str] | None = None,
    token: str = "",
    claimant: Claimant = ANYBODY,
) -> LeaseResult:
    """Makes or renews the lease `key` for exactly these IDs, or for all that carry the metadata, later ones too.

    It takes the sandboxes' locks in order, as the reaper's claim does: whatever is not condemned now is
    spared from now on. IDs not on record yet are kept and covered from first sight.
    A live lease stays its maker's, whoever else may renew it; one that has ended is anybody's.
    Raises LeaseError for bad input, LeaseTaken for another's key, LeaseConflict when every named ID is condemned or
    ended.
    """
    _check(key, ttl_seconds, ids, metadata)
    now = timezone.now()
    lease = _locked_lease(key, now)
    _check_taken(lease, claimant)
    maker = claimant.maker if _is_free(lease, claimant) else lease.maker
    covered = _covered(ids, metadata, claimant.accounts)
    locks = _locked_guards(covered)
    live = [s for s in covered if s.state != Sandbox.State.ENDED and locks[s.lock_id].pending_action_id is None]
    alive_ids = {sandbox.sandbox_id for sandbox in live}
    condemned = sorted({sandbox.sandbox_id for sandbox in covered} - alive_ids)
    unknown = sorted(set(ids or ()) - {sandbox.sandbox_id for sandbox in covered})
    if ids is not None and not live and not unknown:
        raise LeaseConflict(condemned)
    lease.token, lease.maker, lease.metadata = token, maker, None if metadata is None else dict(metadata)
    lease.accounts = None if claimant.accounts is None else sorted(claimant.accounts)
    _start(lease, ttl_seconds, now)
    _set_members(lease, set(ids or ()))
    _move_spans(lease, [sandbox.pk for sandbox in live], now)
    marked = spare(list(locks.values()), key)
    no_orphans([pk for pk, lock in locks.items() if lock.pending_action_id is None], now)
    return LeaseResult(key, lease.expires_at, len(alive_ids), unknown, marked, condemned)


@transaction.atomic
def release(key: str, claimant: Claimant = ANYBODY) -> bool:
    """Ends a lease now; False when there is no such live lease. Raises LeaseTaken for another's."""
    now = timezone.now()
    held = Lease.objects.select_for_update().filter(key=key, released_at=None)
    lease = held.first() if "\0" not in key else None
    if lease is None:
        return False
    _check_taken(lease, claimant)
    was_live = lease.lapsed_at is None
    lease.released_at = now
    lease.expires_at = min(lease.expires_at, now)
    lease.save(update_fields=["released_at", "expires_at"])
    LeaseSpan.objects.filter(lease=lease, until__gt=now).update(until=now)
    return was_live


def list_(
    now: datetime | None = None, *, after: str = "", most: int | None = None, key: str | None = None
) -> list[Lease]:
    """Live leases by key, `most` of those past the key `after`, each with `live_count`: the sandboxes it covers now.

    Of one key where it is given. Keys are compared character by character, so that a renewal or another locale moves
    none between pages.
    """
    live = _seen()
    if key is not None:
        live = live.filter(key=key) if "\0" not in key else live.none()
    spans = LeaseSpan.objects.filter(lease=OuterRef("pk"), until__gt=now or timezone.now())
    held = sight.everything()
    if held is not None:
        spans = spans.filter(sandbox__account__in=held)
    covered = spans.exclude(sandbox__state=Sandbox.State.ENDED).order_by().values("lease")
    counted = covered.annotate(n=Count("sandbox", distinct=True)).values("n")
    found = live.annotate(by_key=Collate("key", "C"), live_count=Coalesce(Subquery(counted), 0))
    return list(found.filter(by_key__gt=after).order_by("by_key")[:most])


def count() -> int:
    """How many leases are live."""
    return _seen().count()


def _seen() -> QuerySet[Lease]:
    """Live ones that whoever asks may know of: made for accounts of theirs alone, or covering a sandbox of theirs."""
    held = sight.everything()
    if held is None:
        return _live()
    covering = LeaseSpan.objects.filter(until__gt=timezone.now(), sandbox__account__in=held).values("lease")
    return _live().filter(Q(accounts__contained_by=sorted(held)) | Q(pk__in=covering))


def _live() -> QuerySet[Lease]:
    return Lease.objects.filter(released_at=None, lapsed_at=None)


@transaction.atomic
def look(now: datetime) -> None:
    """Brings the leases up to `now`: prolongs what ran out while the API was away, covers newcomers, ends the rest.

    A lease ends only here, and only while the API is up: what was live when it went away gets one whole TTL from
    its return (decision 7 of the architecture).
    """
    alive = Lease.objects.select_for_update().filter(released_at=None, lapsed_at=None)
    if not list(alive.order_by("pk").values_list("pk", flat=True)):
        return
    heartbeat = beat(now)
    if heartbeat is not None:
        database.execute(queries.PROLONG, {"back": heartbeat.up_since})
    database.execute(queries.COVER_NEWCOMERS)
    if heartbeat is not None:
        over = Lease.objects.filter(released_at=None, lapsed_at=None, expires_at__lte=min(now, heartbeat.at))
        over.update(lapsed_at=now)


def _check(key: str, ttl_seconds: int, ids: Sequence[str] | None, metadata: Mapping[str, str] | None) -> None:
    if not key or len(key) > 200:
        raise LeaseError("a lease's key has 1 to 200 characters")
    if any("\0" in text for text in (key, *(ids or ()), *(metadata or {}), *(metadata or {}).values())):
        raise LeaseError("text with a NUL character can't be kept")
    if not 1 <= ttl_seconds <= LONGEST_TTL_SECONDS:
        raise LeaseError(f"ttl_seconds must be from 1 to {LONGEST_TTL_SECONDS:,}")
    if (ids is None) == (metadata is None):
        raise LeaseError("match needs either ids or metadata")
    if ids is not None and not (0 < len(ids) <= MOST_IDS and all(0 < len(one) <= MAX_SANDBOX_ID for one in ids)):
        raise LeaseError(f"match.ids needs from 1 to {MOST_IDS:,} sandbox IDs")
    if metadata is not None and not metadata:
        raise LeaseError("match.metadata is empty: it would cover every sandbox")


def _locked_lease(key: str, now: datetime) -> Lease:
    first = Lease(key=key, ttl_seconds=1, expires_at=now, renewed_at=now, released_at=now)
    Lease.objects.bulk_create([first], ignore_conflicts=True)
    return Lease.objects.select_for_update().get(key=key)


def _check_taken(lease: Lease, claimant: Claimant) -> None:
    """Raises LeaseTaken where it is another's whose leases the claimant may not take."""
    if not _is_free(lease, claimant) and not claimant.may_take(lease.maker):
        raise LeaseTaken(lease.key, lease.token)


def _is_free(lease: Lease, claimant: Claimant) -> bool:
    """Whether it becomes the claimant's: it has ended, is nobody's, or is the claimant's already."""
    over = lease.released_at is not None or lease.lapsed_at is not None
    return over or not lease.maker or lease.maker == claimant.maker


def _start(lease: Lease, ttl_seconds: int, now: datetime) -> None:
    lease.ttl_seconds, lease.renewed_at, lease.expires_at = ttl_seconds, now, now + timedelta(seconds=ttl_seconds)
    lease.released_at = lease.lapsed_at = None
    lease.save()


def _covered(
    ids: Sequence[str] | None, metadata: Mapping[str, str] | None, accounts: frozenset[int] | None
) -> list[Sandbox]:
    if ids is not None:
        found = Sandbox.objects.filter(sandbox_id__in=set(ids))
    else:
        found = Sandbox.objects.filter(metadata__contains=dict(metadata or {})).exclude(state=Sandbox.State.ENDED)
    if accounts is not None:
        found = found.filter(account__in=accounts)
    return list(found.only("sandbox_id", "state", "lock_id"))


def _locked_guards(sandboxes: Sequence[Sandbox]) -> dict[int, SandboxLock]:
    keys = {sandbox.lock_id for sandbox in sandboxes}
    return {lock.pk: lock for lock in SandboxLock.objects.select_for_update().filter(pk__in=keys).order_by("pk")}


def _set_members(lease: Lease, wanted: set[str]) -> None:
    held = set(lease.members.values_list("sandbox_id", flat=True))
    lease.members.filter(sandbox_id__in=held - wanted).delete()
    LeaseMember.objects.bulk_create([LeaseMember(lease=lease, sandbox_id=one) for one in sorted(wanted - held)])


def _move_spans(lease: Lease, sandbox_pks: Sequence[int], now: datetime) -> None:
    """Spans that still run move on with the lease; those of sandboxes it covers no more end; new ones begin."""
    running = LeaseSpan.objects.filter(lease=lease, until__gt=now)
    kept = set(running.filter(sandbox_id__in=sandbox_pks).values_list("sandbox_id", flat=True))
    running.exclude(sandbox_id__in=sandbox_pks).update(until=now)
    running.filter(sandbox_id__in=kept).update(until=lease.expires_at, token=lease.token)
    LeaseSpan.objects.bulk_create(
        LeaseSpan(lease=lease, key=lease.key, sandbox_id=pk, since=now, until=lease.expires_at, token=lease.token)
        for pk in sandbox_pks
        if pk not in kept
    )


def spare(locks: Sequence[SandboxLock], key: str) -> list[str]:
    """Voids what policies had in mind for these; sandboxes with an act on its way are not among them."""
    free = [lock.pk for lock in locks if lock.pending_action_id is None]
    marks = Action.objects.filter(
        sandbox__lock_id__in=free, actor_kind="policy", state__in=[Action.State.GRACE, Action.State.QUEUED]
    )
    spared = list(marks.select_related("sandbox", "account"))
    close_all(spared, outcome=f"spared: leased as {key}")
    return sorted({mark.sandbox.sandbox_id for mark in spared})
