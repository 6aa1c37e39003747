"""A sandbox's life as steps: events, our actions, its leases; each with a mark, a word and what more is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.events import words
from dashboard.events.words import NOTHING, Beside
from dashboard.ui import endings
from events.fold.merge import ASKED
from events.listing import EventRow
from events.observe import DATED_BY
from sandboxes.models import Action, Execution, LeaseSpan

# An event's last word → its mark, its hue, and what it is called.
EVENTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "created": ("created", "run", gettext_noop("created")),
    "resumed": ("resumed", "pause", gettext_noop("resumed")),
    "paused": ("pause", "pause", gettext_noop("paused")),
    "killed": ("killed", "bad", gettext_noop("killed")),
    "updated": ("updated", "ink", gettext_noop("updated")),
    "checkpointed": ("note", "ink", gettext_noop("checkpoint")),
    "vanished": ("killed", "end", gettext_noop("vanished")),
}
BORN_WITHIN: Final = timedelta(minutes=2)  # an observed birth this long after the start is a first sight, not a birth
SOURCES: Final = {
    "webhook": gettext_noop("webhook"),
    "reconcile": gettext_noop("reconciled"),
    "observed": gettext_noop("detected by sync"),
}
ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "kill": ("killed", "bad"), "pause": ("pause", "pause"), "resume": ("resumed", "pause"),
    "timeout": ("updated", "ink"), "extend": ("updated", "ink"), "protect": ("shield", "ink"),
    "unprotect": ("shield", "ink"), "notify": ("note", "ink"),
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """`hue` names the colour (run, pause, orph, bad, end, ink); `word` says what, `more` how, why and by whom."""

    at: datetime
    mark: str
    hue: str
    word: str
    more: str

    def on_the_lane(self) -> dict[str, Any]:
        """For the lane above the charts."""
        return {"t": self.at.timestamp(), "mark": self.mark, "hue": self.hue, "word": self.word, "more": self.more}


@dataclass(frozen=True)
class Stretch:
    """A stretch of its life in one state, running or paused; `end` None when it still lasts."""

    start: datetime
    end: datetime | None
    state: str


def steps(
    events: Iterable[EventRow],
    actions: Iterable[Action],
    leases: Iterable[LeaseSpan],
    beside: Mapping[UUID, Beside] | None = None,
) -> list[Step]:
    """Newest first; `beside` by the event's ID."""
    known = beside or {}
    told = [
        *(event_step(event, known.get(event.id, NOTHING)) for event in events),
        *(action_step(action) for action in actions),
        *(lease_step(lease) for lease in leases),
    ]
    return sorted(told, key=lambda step: step.at, reverse=True)


def event_step(event: EventRow, beside: Beside = NOTHING) -> Step:
    """What E2B told, or what we saw: an end that moved stands in its word, so that the lane says it."""
    mark, hue, word = event_mark(event)
    notes, planned = words.notes(event, beside), words.planned_end(event, beside)
    if planned and planned.at and planned.moved:
        word = _("ends %(time)s") % {"time": words.end_clock(event, planned.at)}
        notes = [words.shift(planned), *notes[1:]]
    return Step(
        event.timestamp, mark, hue, word, "; ".join(part for part in [*notes, _(SOURCES[event.source])] if part)
    )


def event_mark(event: EventRow) -> tuple[str, str, str]:
    """Its mark, its hue, and what it is called."""
    mark, hue, word = EVENTS.get(kind := words.kind_of(event), ("note", "ink", kind))
    word = _(word)
    data = event.data or {}
    if kind == "killed" and event.source == "observed":
        word = endings.words_of(_observed_end(data))
        mark, hue = (mark, hue) if ASKED in data else EVENTS[endings.VANISHED][:2]
    if kind == "created" and event.source == "observed" and _ran_before(event):
        mark, hue, word = "note", "ink", _("first detected")
    return mark, hue, word


def _observed_end(data: Mapping[str, Any]) -> str:
    """What is known of an end that E2B sent no event of: our own kill, its planned end, or nothing."""
    if ASKED in data:
        return endings.OURS
    return endings.PLANNED_END if data.get(DATED_BY) == endings.PLANNED_END else endings.VANISHED


def _ran_before(event: EventRow) -> bool:
    """Whether what we saw first had run for a while by then: nobody saw its birth."""
    started = (event.data or {}).get("started_at")
    return isinstance(started, str) and event.timestamp - datetime.fromisoformat(started) > BORN_WITHIN


def action_step(action: Action) -> Step:
    """What one of us asked for, and how far it got."""
    mark, hue = ACTIONS.get(action.kind, ("note", "ink"))
    by = _("by %(actor_name)s") % {"actor_name": action.actor_name}
    if action.state == Action.State.GRACE:
        return Step(action.requested_at, "orph", "orph", _("marked as orphan"), by)
    hue = "orph" if action.actor_kind == "policy" else hue
    how = {
        "queued": _("queued"),
        "sent": _("sent to E2B"),
        "done": _("done by E2B"),
        "confirmed": _("confirmed"),
        "failed": _("failed: %(error)s") % {"error": action.error},
        "cancelled": action.outcome or _("cancelled"),
    }[action.state]
    why = f", {action.reason}" if action.reason and action.reason != action.actor_name else ""
    return Step(action.requested_at, mark, hue, _("%(kind)s requested") % {"kind": action.kind}, f"{by}{why}; {how}")


def lease_step(span: LeaseSpan) -> Step:
    """An owner's word began to hold."""
    until = f"{span.until:%H:%M:%S}"
    return Step(
        span.since, "lease", "ink", _("leased as %(key)s") % {"key": span.key}, _("until %(until)s") % {"until": until}
    )


@dataclass(frozen=True)
class Run:
    """An execution of it: the how manieth, from when, how long (seconds), and how it ended; empty while it lasts."""

    number: int
    start: datetime
    seconds: float
    ended: str


def runs(executions: Iterable[Execution], now: datetime, *, killed_by_us: bool = False) -> list[Run]:
    """Newest first. `killed_by_us`: whether a kill of ours ended the sandbox, and with it the last run."""
    ordered = sorted(executions, key=lambda one: one.started_at)
    return [
        Run(
            number, one.started_at, ((one.ended_at or now) - one.started_at).total_seconds(),
            _how_it_ended(one, by_us=killed_by_us and number == len(ordered)),
        )
        for number, one in reversed(list(enumerate(ordered, start=1)))
    ]  # fmt: skip


def _how_it_ended(run: Execution, *, by_us: bool) -> str:
    if run.ended_at is None:
        return ""
    if run.ended_by not in {"killed", endings.VANISHED}:
        return run.ended_by or _("ended")
    return endings.words_of(endings.kind_of(run.end_reason, run.ended_at, run.end_at, by_us=by_us))


def stretches(runs: Sequence[Execution], ended_at: datetime | None) -> list[Stretch]:
    """Its runs and the pauses between them, oldest first."""
    found: list[Stretch] = []
    for run in sorted(runs, key=lambda one: one.started_at):
        if found and found[-1].end and found[-1].end < run.started_at:
            found.append(Stretch(found[-1].end, run.started_at, "paused"))
        found.append(Stretch(run.started_at, run.ended_at, "running"))
    if found and found[-1].end and runs and found[-1].end != ended_at and ended_at is None:
        found.append(Stretch(found[-1].end, None, "paused"))
    return found
