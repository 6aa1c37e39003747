"""Reads a sandbox's state out of a Base."""

from itertools import pairwise

import msgspec

from events.fold.base import Base
from events.fold.runs import Draft, RunView, drafts, runs

# An explicit DELETE is final; a list asked for while it works may still show the sandbox as paused.
KILL_SETTLES = 60_000_000
NEW_LIFE = {"created", "observed"}


class View(msgspec.Struct, frozen=True):
    """A sandbox as it is now believed to be. Times in microseconds since 1970; `facts` as last told.

    `created_at` is the earliest start of its present life: an ID that is used again after a death is a new sandbox.
    `stamp` is the time of the latest statement about its state: a look sent before it changes nothing,
    `seen_running_at` that of the latest one that it runs. `by_action` says that the state rests on an answer to an
    action of ours alone.
    """

    state: str
    created_at: int
    started_at: int
    end_at: int | None
    paused_at: int | None
    ended_at: int | None
    end_reason: str | None
    gone_at: int | None
    stamp: int
    seen_running_at: int | None
    by_action: bool
    facts: dict[str, object]
    runs: list[RunView]
    told: frozenset[tuple[str, int]]


def view(base: Base) -> View:
    """The state that `base` amounts to.

    Raises ValueError when no event was folded into it yet.
    """
    parts = drafts(base)
    if not parts:
        raise ValueError("no event was folded into this base")
    found = runs(parts)
    last, run = parts[-1], found[-1]
    state, since, reason = _state(last, run)
    return View(
        state=state,
        created_at=_life_began(found),
        started_at=run.started_at,
        end_at=run.end_at if state == "running" else None,
        paused_at=since if state == "paused" else None,
        ended_at=since if state == "ended" else None,
        end_reason=reason if state == "ended" else None,
        gone_at=last.gone or None,
        stamp=_stamp(last, run),
        seen_running_at=max(part.alive for part in parts) or None,
        by_action=_by_action(last, state),
        facts={name: msgspec.json.decode(fact.value) for name, fact in base.facts.items()},
        runs=found,
        told=_told(parts),
    )


def before(base: Base) -> tuple[list[RunView], frozenset[tuple[str, int]]]:
    """The runs and what is told twice, without the rest of the view; both empty for an empty base."""
    parts = drafts(base)
    return runs(parts), _told(parts)


def _state(last: Draft, run: RunView) -> tuple[str, int, str | None]:
    """State, since when, and why it ended."""
    if run.ended_at is None:
        return "running", max(last.alive, run.started_at), None
    end, paused, gone = last.end, last.paused, last.gone
    if paused <= _killed_by_request(last) + KILL_SETTLES:
        paused = 0
    said = [(gone, 0, "ended"), (paused, 0, "paused"), (last.asked_kill, 0, "ended"), (last.unknown, 0, "unknown")]
    if end:
        said.append((end.at, 1, "ended" if end.killed else "paused"))
    at, _, state = max(said)
    if state == "unknown":
        return "unknown", at, None
    if state == "paused":
        own = end.at if end and not end.killed and end.at >= last.alive else at
        return "paused", own, None
    if end and end.killed and paused <= end.at:
        return "ended", end.at, end.reason or "unknown"
    if last.killed_by_us:
        return "ended", last.asked_kill, "request"
    if run.ended_by == "vanished":
        return "ended", run.ended_at, "vanished"
    known, left = max(end.at if end else 0, paused, last.alive), last.left
    return "ended", left if left and known <= left < at else at, "vanished"


def _stamp(last: Draft, run: RunView) -> int:
    """The latest statement about the last run's state."""
    looked = last.alive, last.paused, last.gone, last.unknown, last.asked_kill
    return max(run.started_at, *looked, last.end.at if last.end else 0)


def _killed_by_request(last: Draft) -> int:
    """When a kill that somebody asked for ended it, by E2B's event or by the answer to ours; long ago for none."""
    end = last.end
    told = end.at if end and end.killed and end.reason == "request" else 0
    return max(told, last.asked_kill if last.killed_by_us else 0) or -KILL_SETTLES


def _life_began(found: list[RunView]) -> int:
    """The earliest start since its latest death: what was created, or first listed, after a death is a new sandbox."""
    began = found[0].started_at
    for before, run in pairwise(found):
        died = before.ended_by in {"killed", "vanished"} and before.ended_at is not None
        if died and run.started_at >= (before.ended_at or 0) and run.opened_by in NEW_LIFE:
            began = run.started_at
    return began


def _by_action(last: Draft, state: str) -> bool:
    end = last.end
    if state == "paused":
        return 0 < last.asked_pause >= max(last.paused, end.at if end else 0)
    told = bool(end and end.killed) or last.gone >= last.asked_kill
    return state == "ended" and last.killed_by_us and not told


def _told(parts: list[Draft]) -> frozenset[tuple[str, int]]:
    """What looks saw and E2B's own events told too: (word, start the look saw). Those observed events step back."""
    words: set[tuple[str, int]] = set()
    for part in parts:
        if not part.looked:
            continue
        run = part.run
        if run is None:
            continue
        for started in part.looked:
            if run.opened:
                words |= {("created", started), ("resumed", started)}
            if run.end:
                words.add(("killed" if run.end.killed else "paused", started))
    return frozenset(words)
