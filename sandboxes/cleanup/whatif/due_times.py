"""From when in a stretch of a life all time limits of a policy are over: before that no judge need be asked. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from sandboxes.base.clock import BackendTime, of_record
from sandboxes.cleanup.whatif.timeline import Life, Stretch
from sandboxes.policies import OrphanWhen


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a policy as spans of time; None where it does not ask."""

    older_than: timedelta | None
    no_lease_for: timedelta | None
    paused_for: timedelta | None
    past_end: timedelta | None
    idle_seconds: int | None

    @classmethod
    def of(cls, when: OrphanWhen) -> "Limits":
        return cls(
            _span(when.older_than_seconds),
            _span(when.no_lease_for_seconds),
            _span(when.paused_for_seconds),
            _span(when.past_end_seconds),
            when.idle_for_seconds if isinstance(when.idle_for_seconds, int) else None,
        )


def ripe_at(limits: Limits, life: Life, stretch: Stretch) -> BackendTime | None:
    """The first moment of the stretch at which no limit is still to be reached; None when that is not within it.

    Only the clock moves in a stretch, and every limit is "so long ago at least": what is ripe stays ripe. It mirrors
    the judge's rules to spare it work and is held to them by a property test; whether it is a hit the judge says.
    """
    if stretch.lease is not None or (limits.idle_seconds is not None and stretch.state != "running"):
        return None
    paused = stretch.state == "paused"
    ripe = stretch.start
    asked = (
        (limits.older_than, life.created_at if paused else stretch.started_at),
        (limits.no_lease_for, max(stretch.last_lease_ended_at or life.first_seen_at, life.first_seen_at)),
        (limits.paused_for, stretch.paused_at),
        (limits.past_end, stretch.end_at),
    )
    for span, since in asked:
        if span is not None:
            if since is None:
                return None
            ripe = max(ripe, since + span)
    return of_record(ripe) if ripe < stretch.end else None


def _span(seconds: object) -> timedelta | None:
    return timedelta(seconds=seconds) if isinstance(seconds, int) else None
