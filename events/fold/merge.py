"""Merges one event into a Base."""

from typing import Any, TypeVar

from events.fold.base import (
    OBSERVED,
    REAL,
    START_EVENT,
    START_GUESSED,
    START_TOLD,
    Base,
    End,
    Fact,
    Look,
    Run,
    Start,
    Until,
    json_text,
    micros,
)
from events.wire import Event, moment
from sandboxes.base.sizes import as_number, plausible_cpu, plausible_mb
from sandboxes.e2b.wire import NO_END_BEFORE

T = TypeVar("T", End, Until, Fact)
OPENS = {"created", "resumed"}
REASON_CHARACTERS = 64  # what the record holds; E2B's own words are shorter, and the event keeps the whole
ENDS = {"paused", "killed"}
LOOKED_AT = (
    "alias", "cpu_count", "memory_mb", "disk_mb", "envd_version", "backend_state", "listed_start", "deletes_at",
)  # fmt: skip
ASKED = "action_id"  # an observed event that carries it is our own action's answer


def fold(base: Base, event: Event) -> Base:
    """`base` with `event` merged in. `base` itself is changed and returned; folding an event again changes nothing."""
    if event.execution_id is None:
        _look(base, event)
    else:
        _real(base, event, event.execution_id)
    return base


def _real(base: Base, event: Event, execution_id: str) -> None:
    at, word, data = micros(event.timestamp), event.word, event.data or {}
    run = base.runs.get(execution_id)
    heard = Start(START_EVENT, at, word) if word in OPENS else Start(START_GUESSED, at)
    if run is None:
        run = base.runs[execution_id] = Run(start=heard)
    run.start = min(run.start, heard)
    if word in OPENS:
        run.opened = max(run.opened, at)
    if word in ENDS:
        _end(run, at, word, data)
    if word == "updated" and (until := _until(at, REAL, data)):
        run.until = _greater(run.until, until)
    _fact(base, "template_id", event.template_id or None, at, REAL)
    _fact(base, "metadata", _words(data.get("sandbox_metadata")), at, REAL)


def _end(run: Run, at: int, word: str, data: dict[str, Any]) -> None:
    told = data.get("execution")
    told = told if isinstance(told, dict) else {}
    if started := moment(told.get("started_at")):
        run.start = min(run.start, Start(START_TOLD, micros(started)))
    reason = data.get("kill_reason")
    end = End(
        at,
        word == "killed",
        reason[:REASON_CHARACTERS] if isinstance(reason, str) else "",
        _whole(told.get("execution_time"), -1),
        as_number(plausible_cpu(told.get("vcpu_count"))) or 0,
        plausible_mb(told.get("memory_mb")) or 0,
    )
    run.end = _greater(run.end, end)


def _look(base: Base, event: Event) -> None:
    """An observed event: its `data.started_at` names the run, its timestamp is when the look was sent.

    An action's answer is one too: a statement of the backend about a run, until a look or an event says otherwise.
    """
    at, word, data = micros(event.timestamp), event.word, event.data or {}
    started = moment(data.get("started_at"))
    look = base.looks.setdefault(str(micros(started) if started else at), Look())
    if word in OPENS or (word == "updated" and data.get("state") == "running"):
        look.running = max(look.running, at)
    elif word == "updated" and data.get("state") == "unknown":
        look.unknown = max(look.unknown, at)
    elif word == "paused":
        look.paused = max(look.paused, at)
        look.asked_pause = max(look.asked_pause, at if ASKED in data else 0)
    elif word == "killed" and ASKED in data:
        look.asked_kill = max(look.asked_kill, at)
    elif word == "killed":
        look.gone = max(look.gone, at)
    if left := moment(data.get("ended_at")):
        look.left = max(look.left, micros(left))
    if until := _until(at, OBSERVED, data):
        look.until = _greater(look.until, until)
    _fact(base, "template_id", event.template_id or None, at, OBSERVED)
    _fact(base, "metadata", _words(data.get("sandbox_metadata")), at, OBSERVED)
    for name in LOOKED_AT:
        _fact(base, name, data.get(name), at, OBSERVED)


def _until(at: int, rank: int, data: dict[str, Any]) -> Until | None:
    """The planned end that `set_timeout` names; null, or a time before 2000, says that there is none."""
    if "set_timeout" not in data:
        return None
    end_at = moment(data["set_timeout"])
    if end_at is None and data["set_timeout"] is not None:
        return None  # no time at all: nothing is known of it
    return Until(at, rank, micros(end_at) if end_at and end_at >= NO_END_BEFORE else 0)


def _fact(base: Base, name: str, value: Any, at: int, rank: int) -> None:
    if value is not None:
        base.facts[name] = _greater(base.facts.get(name), Fact(at, rank, json_text(value)))


def _greater(held: T | None, new: T) -> T:
    return new if held is None or new > held else held


def _words(value: Any) -> dict[str, str] | None:
    """An object of strings; what is no string in it is kept as its JSON text."""
    if not isinstance(value, dict):
        return None
    return {key: word if isinstance(word, str) else json_text(word) for key, word in value.items()}


def _whole(value: Any, missing: int) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < 2**53 else missing
