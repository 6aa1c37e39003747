"""What an event says beside its type: the end that it moved, the size, how long it ran, why it ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from dashboard.ui import endings, formats
from events.listing import EventRow
from events.wire import moment
from sandboxes.e2b.wire import NO_END_BEFORE

SAME_END: Final = timedelta(seconds=2)  # E2B reports ends to the second, each of its answers rounds anew
STARTS: Final = frozenset({"created", "resumed"})
FAILURES: Final = frozenset({"base_template_missing", "seal_failed", "resume_failed"})


@dataclass(frozen=True)
class Beside:
    """What the record knows beside an event; None where it knows nothing.

    `end_before`: the planned end until then. `end_after`: the first one reported after a start. `memory_mb` in MiB.
    """

    end_before: datetime | None = None
    end_after: datetime | None = None
    cpu_count: float | None = None
    memory_mb: int | None = None


@dataclass(frozen=True)
class PlannedEnd:
    """The planned end that an event names, None for none; `moved_seconds` against the one before, None: unknown."""

    at: datetime | None
    moved_seconds: float | None = None

    @property
    def moved(self) -> bool:
        """False only where the end is known to be the one that was in force."""
        return self.moved_seconds is None or abs(self.moved_seconds) >= SAME_END.total_seconds()


NOTHING: Final = Beside()


def kind_of(event: EventRow) -> str:
    """The last word of its type: `created`, `killed`."""
    return event.type.rpartition(".")[2]


def planned_end(event: EventRow, beside: Beside = NOTHING) -> PlannedEnd | None:
    """The end that an `updated` event names; None where it is about something else."""
    data = event.data or {}
    if kind_of(event) != "updated" or "set_timeout" not in data:
        return None
    at = moment(data["set_timeout"])
    if at is None and data["set_timeout"] is not None:
        return None
    if at is None or at < NO_END_BEFORE:
        return PlannedEnd(None)
    before = beside.end_before
    return PlannedEnd(at, None if before is None else (at - before).total_seconds())


def notes(event: EventRow, beside: Beside = NOTHING) -> list[str]:
    """What it says, part by part, the most important first."""
    if kind_of(event) in STARTS:
        return _start(event, beside)
    if kind_of(event) == "updated":
        return _update(event, beside)
    return _run_and_reason(event)


def end_clock(event: EventRow, at: datetime) -> str:
    """`15:00`, with the day where it is another than the event's."""
    return f"{at:%H:%M}" if at.date() == event.timestamp.date() else f"{at.day} {at:%b %H:%M}"


def shift(planned: PlannedEnd) -> str:
    """`+5 min`, `-20 s`; empty where the end before is unknown."""
    by = planned.moved_seconds
    return "" if by is None else f"{'-' if by < 0 else '+'}{formats.span(abs(by))}"


def _start(event: EventRow, beside: Beside) -> list[str]:
    """`2 vCPU, 1 GiB`, `ends in 10 min`."""
    data = event.data or {}
    cpu, memory = data.get("cpu_count") or beside.cpu_count, data.get("memory_mb") or beside.memory_mb
    said = []
    if isinstance(cpu, int | float):
        said.append(_("%(count)s vCPU") % {"count": f"{cpu:g}"})
    if isinstance(memory, int | float):
        said.append(formats.round_size(memory * formats.MIB))
    end_at = moment(data.get("set_timeout")) or beside.end_after
    if end_at and end_at > event.timestamp:
        said.append(_("ends in %(span)s") % {"span": formats.span((end_at - event.timestamp).total_seconds())})
    return said


def _update(event: EventRow, beside: Beside) -> list[str]:
    planned, data = planned_end(event, beside), event.data or {}
    said = [] if planned is None else [_end_note(event, planned)]
    if "network_egress" in data:
        said.append(_("network access changed"))
    if not said and event.source == "observed":
        said.append(_("details changed, end unchanged"))
    return said


def _end_note(event: EventRow, planned: PlannedEnd) -> str:
    if planned.at is None:
        return _("timeout removed")
    if not planned.moved:
        return _("end unchanged, %(time)s") % {"time": end_clock(event, planned.at)}
    if not shift(planned):
        return _("ends %(time)s") % {"time": end_clock(event, planned.at)}
    return _("end moved to %(time)s, %(shift)s") % {"time": end_clock(event, planned.at), "shift": shift(planned)}


def _run_and_reason(event: EventRow) -> list[str]:
    data, said = event.data or {}, []
    execution = data.get("execution")
    ran = execution.get("execution_time") if isinstance(execution, dict) else None
    if isinstance(ran, int | float):
        said.append(_("ran %(span)s") % {"span": formats.span(ran / 1000)})
    if reason := data.get("kill_reason"):
        said.append(endings.words_of(str(reason)))
    return said


def failed(event: EventRow) -> bool:
    """Whether the backend ended it because something of its own went wrong."""
    return (event.data or {}).get("kill_reason") in FAILURES
