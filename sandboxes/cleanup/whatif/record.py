"""The stored past as lives: a handful of statements, however many sandboxes there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from sandboxes.base.clock import on_backend
from sandboxes.cleanup.whatif import queries
from sandboxes.cleanup.whatif.timeline import Kept, Leased, Life, Move, Run
from sandboxes.core import database
from sandboxes.core.accounts import clock_offset, keys_stored
from sandboxes.fleet.known_since import first_end_and_sight
from sandboxes.models import Account, FleetMinute
from sandboxes.policies import pairs

Word = tuple[str, str, str, Any, Any]  # kind, by whom, why, since, until
_OURS: Final = ("since", "until", "told_until")
Ours = TypeVar("Ours", Leased, Kept)


def reach(accounts: Sequence[Account], start: datetime, end: datetime, *, samples: bool, leases: bool) -> datetime:
    """From when in [start, end) on our record tells what a policy asks for; `end` when it tells nothing yet.

    It begins with the first end of a run on record (E2B's own events reach further back than we do) or with the first
    sandbox that we saw, whichever is earlier. Samples and leases may begin later.
    """
    keys = [account.pk for account in accounts]
    first_end, first_seen = first_end_and_sight(keys)
    begins = [min((known for known in (first_end, first_seen) if known is not None), default=end)]
    if leases:
        begins.append(first_seen or end)
    if samples:
        sampled = FleetMinute.objects.filter(account__in=keys, minute__gte=start, samples__gt=0)
        begins.append(sampled.order_by("minute").values_list("minute", flat=True).first() or end)
    return min(end, max(start, *begins))


def lives(accounts: Sequence[Account], start: datetime, end: datetime, *, with_moves: bool) -> list[Life]:
    """Everyone of these accounts who lived in [start, end), with all that a policy may ask but samples."""
    names = {account.pk: account.name for account in accounts}
    given = {"accounts": list(names), "start": start, "end": end}
    keep = {account.pk: pairs(account.keep_metadata) for account in accounts}
    stored = {account.pk: keys_stored(account) for account in accounts}
    offsets = {account.pk: clock_offset(account) for account in accounts}
    leases, kept = _leases(given), _kept(given)
    moves = _moves(given) if with_moves else {}
    runs = _runs(given)
    found = []
    for key, lock, account, state, sandbox_id, *told, metadata in database.rows(queries.SANDBOXES, given):
        template_id, template_name, cpu_count, memory_mb, *times = told
        paused_at, created_at, first_seen_at, started_at, end_at, ended_at = map(_moment, times)
        of_it = runs.get(key) or [
            Run(
                started_at,
                paused_at if state == "paused" else ended_at,
                state == "paused",
                end_at,
                cpu_count,
                memory_mb,
            )
        ]
        offset = offsets[account]
        found.append(
            Life(
                key, sandbox_id, names[account], template_id, created_at, on_backend(first_seen_at, offset), of_it,
                template_name, ended_at, msgspec.json.decode(metadata, type=dict[str, str]),
                _shifted(leases.get(key, ()), offset), _shifted(kept.get(lock, ()), offset), moves.get(key, ()),
                keep[account], stored[account],
            )
        )  # fmt: skip
    return found


def _shifted(spans: Sequence[Ours], offset: timedelta) -> Sequence[Ours]:
    """Spans of leases or protections, which the record has by our clock, on the backend's.

    By today's offset, of all days: how far apart the clocks were then is not kept. They drift by seconds, a lease or a
    grace lasts minutes, and while they were more than 120 s apart the reaper did nothing that a preview could foretell.
    """
    if not (spans and offset):
        return spans
    return [one._replace(**{name: at + offset for name in _OURS if (at := getattr(one, name, None))}) for one in spans]


def _runs(given: dict[str, Any]) -> dict[int, list[Run]]:
    found: dict[int, list[Run]] = defaultdict(list)
    for key, started_at, ended_at, end_at, ended_by, cpu_count, memory_mb in database.rows(queries.RUNS, given):
        times = _moment(started_at), _moment(ended_at), _moment(end_at)
        found[key].append(Run(times[0], times[1], ended_by == "paused", times[2], cpu_count, memory_mb))
    return found


def _leases(given: dict[str, Any]) -> dict[int, list[Leased]]:
    found: dict[int, list[Leased]] = defaultdict(list)
    for key, lease, since, until in database.rows(queries.LEASES, given):
        found[key].append(Leased(lease, _moment(since), _moment(until)))
    return found


def _moves(given: dict[str, Any]) -> dict[int, list[Move]]:
    found: dict[int, list[Move]] = defaultdict(list)
    for key, at, end_at in database.rows(queries.MOVES, given):
        found[key].append(Move(_moment(at), _moment(end_at)))
    return found


def _kept(given: dict[str, Any]) -> dict[int, list[Kept]]:
    """Protections by lock, as the audit trail tells them; one without such a row held all the time."""
    told: dict[int, list[Word]] = defaultdict(list)
    for lock, kind, by, reason, since, until in database.rows(queries.PROTECTS, given):
        told[lock].append((kind, by, reason, since, until))
    found = {lock: list(_spans_of(words)) for lock, words in told.items()}
    for lock, by, reason, until in database.rows(queries.PROTECTED, given):
        found.setdefault(lock, [Kept(by, reason, given["start"], until, until)])
    return found


def _spans_of(words: Sequence[Word]) -> Iterable[Kept]:
    """Each word holds until the next one, or until it said; by our clock, until `_shifted`."""
    for (kind, by, reason, since, until), following in zip(words, [*words[1:], None], strict=True):
        if kind == "protect":
            ends = [end for end in (until, following[3] if following else None) if end is not None]
            yield Kept(by, reason, since, min(ends, default=None), until)


def _moment(seconds: Any) -> Any:
    """Unix seconds as a time: PostgreSQL's own words for a hundred thousand times take a second to read."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
