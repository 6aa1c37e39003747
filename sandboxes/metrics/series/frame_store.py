"""Frames in the database: what those before hold of a shard's sandboxes, and the writing of the next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import connection, transaction
from msgspec.structs import astuple

from sandboxes.base.recent import Recent
from sandboxes.core import database
from sandboxes.metrics.series import queries_frames as queries
from sandboxes.metrics.series.frame import Frame, Sample, newest_of, seen_in
from sandboxes.metrics.series.layouts import Place, newest_of_each
from sandboxes.models import MetricFrame, Sandbox

# A longer hole between two frames is filled from the backend's own history.
HOLE = timedelta(minutes=1)
LOOK_BACK = timedelta(minutes=10)  # so far before an account's newest frame a part of another layout is still looked at
AHEAD = timedelta(days=7)
_encode = msgspec.json.Encoder().encode
LOCK: Final = 0x4672616D  # one writer of an account's frames at a time


@dataclass(frozen=True)
class Part:
    """One of the parts in which an account's fleet is polled: the sandboxes whose key leaves `shard` when divided by
    `shards`."""

    account_id: int
    shard: int = 0
    shards: int = 1

    def has(self, key: int) -> bool:
        return key % self.shards == self.shard


@dataclass(frozen=True)
class Before:
    """What frames tell of a part: its own last one, and newer ones of another layout (`at` is the newest of them all).

    `seen` has the newest sample of each of its sandboxes.
    """

    own_at: datetime | None = None
    at: datetime | None = None
    held: frozenset[int] = frozenset()
    seen: Mapping[int, Sample] = field(default_factory=dict)


# What the frame held that this process wrote last of each part, by its key: most often that is the one asked for a tick
# later, and to read and unpack it again would cost a fifth of a tick.
PARTS_HELD: Final = 128
_written: Recent[Part, tuple[int, Mapping[int, Sample]]] = Recent(PARTS_HELD)


def literal(values: Iterable[int]) -> str:
    """A PostgreSQL array as text, by way of JSON's: far quicker to make than a parameter for each entry."""
    return f"{{{_encode(list(values))[1:-1].decode()}}}"


def before(part: Part, now: datetime) -> Before:
    """What is known of a part; a frame from after `now` was written by a clock that has been put right since.

    Its own frame of the tick before is the first that is met going back: few rows are looked at, however many an
    account has. Only a part that is new, or was away, has to look further.
    """
    frames = MetricFrame.objects.filter(account_id=part.account_id, at__lte=now)
    of_part = frames.filter(shards=part.shards, shard=part.shard).order_by("-at").only("pk", "at")
    own = of_part.filter(at__gt=now - LOOK_BACK).first()
    if own is None:
        newest = frames.order_by("-at").values_list("at", flat=True).first()
        if newest is None:
            return Before()
        own = of_part.first()
        since = newest - LOOK_BACK if own is None else max(own.at, newest - LOOK_BACK)
    else:
        since = own.at
    others = newest_of_each(one for one in _places(part, since, now) if one.shards != part.shards)
    of_others = _frames(part, others)
    held = [*of_others, *([own] if own else [])]
    seen = newest_of(of_others, _seen_in_own(part, own) if own else None)
    if part.shards > 1 and others:
        seen = {key: sample for key, sample in seen.items() if part.has(key)}
    return Before(
        own_at=own.at if own else None,
        at=max((one.at for one in held), default=None),
        held=frozenset(one.pk for one in held),
        seen=seen,
    )


def _seen_in_own(part: Part, own: MetricFrame) -> Mapping[int, Sample]:
    pk, seen = _written.get(part) or (None, {})
    return seen if pk == own.pk else newest_of(_frames(part, [Place(own.pk, own.at, part.shard, part.shards)]))


def _places(part: Part, since: datetime, until: datetime) -> list[Place]:
    """Its own frames and those of other layouts: parts of one layout share no sandbox."""
    return [
        Place(*row)
        for row in database.rows(queries.FRAME_PLACES, [part.account_id, since, until, part.shard, part.shards])
    ]


def _frames(part: Part, places: Iterable[Place]) -> tuple[MetricFrame, ...]:
    """By their times too: so that only the partitions in which they lie are looked into."""
    ids, times = [one.pk for one in places], [one.at for one in places]
    return tuple(MetricFrame.objects.filter(account_id=part.account_id, at__in=times, pk__in=ids)) if ids else ()


def write(part: Part, at: datetime, frame: Frame, before: Before) -> Frame:
    """Keeps the frame; what is in it no more gets its last sample onto its own row. One transaction.

    Returns it as it was kept: what another worker has written down since `before` was read (a part of another layout,
    or the same one after its turn ran out) is not fresh any more.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(queries.LOCK_FRAMES, [LOCK, part.account_id])
        frame = _without_known(frame, _written_since(part, at, before))
        columns: Iterable[Sequence[int]] = (
            frame.keys, frame.ages, frame.fresh, frame.cpu, frame.mem, frame.mem_total, _shares(frame),
            frame.disk_total,
        )  # fmt: skip
        kept = before.own_at is None or _minute(before.own_at) != _minute(at)
        cursor.execute(
            queries.INSERT_FRAME,
            [part.account_id, part.shard, part.shards, kept, at, frame.clock_unix, *map(literal, columns)],
        )
        for (pk,) in cursor.fetchall():
            _written.set(part, (pk, seen_in(frame)))
        keep_last_samples(before.seen, set(frame.keys))
        if before.at and at - before.at > HOLE:
            _reopen_history(part, before.at)
    return frame


def _shares(frame: Frame) -> list[int]:
    steps, both = MetricFrame.DISK_STEPS, zip(frame.disk, frame.disk_total, strict=True)
    return [(-(-used * steps // total) if used < total else steps) if total else 0 for used, total in both]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _written_since(part: Part, at: datetime, before: Before) -> tuple[MetricFrame, ...]:
    """The newest frames from after `before`, also of a clock that was, or is, ahead of ours."""
    since = max(before.at or at - LOOK_BACK, at - LOOK_BACK)
    later = [one for one in _places(part, since, at + AHEAD) if one.pk not in before.held]
    return _frames(part, newest_of_each(later))


def _without_known(frame: Frame, written: tuple[MetricFrame, ...]) -> Frame:
    if not written:
        return frame
    known = newest_of(written)
    fresh = [
        is_new and not (key in known and known[key].unix >= frame.clock_unix - age)
        for key, age, is_new in zip(frame.keys, frame.ages, frame.fresh, strict=True)
    ]
    return replace(frame, fresh=fresh)


def keep_last_samples(seen: Mapping[int, Sample], still_there: set[int]) -> None:
    left: list[tuple[int, Sample]] = [item for item in seen.items() if item[0] not in still_there]
    if left:
        columns = zip(*((key, *astuple(sample)) for key, sample in left), strict=True)
        database.execute(queries.LAST_SAMPLES, [literal(column) for column in columns])


def _reopen_history(part: Part, since: datetime) -> None:
    """We were away: whoever lived in the meantime gets that part of their past too."""
    alive = Sandbox.objects.filter(account_id=part.account_id, backfilled_from__isnull=False)
    alive.exclude(ended_at__lt=since).update(backfilled_from=None)
