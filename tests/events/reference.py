"""A sandbox's life by the written rules, the slow way: all events at once, sorted, walked through. Knows no register.

Written from docs/architecture.md, "The fold", and E2B's own facts, not from `events/fold`; the numbers of the rules are
those of that page. Times are datetimes. Where two statements of one time and one source differ, the greater is taken.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec

from events.wire import Event

MINUTE = timedelta(seconds=60)
SLACK = timedelta(seconds=5)
OPENING, ENDING = ("created", "resumed"), ("paused", "killed")


@dataclass(frozen=True)
class RunLife:
    """One run as the rules have it; `ended_by` is empty while it runs."""

    execution_id: str | None
    started_at: datetime
    start_known: bool
    opened_by: str
    ended_at: datetime | None
    ended_by: str
    end_reason: str | None
    execution_ms: int | None
    cpu_count: int | None
    memory_mb: int | None
    end_at: datetime | None


@dataclass(frozen=True)
class Life:
    """A sandbox as the rules have it."""

    state: str
    created_at: datetime
    started_at: datetime
    end_at: datetime | None
    paused_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    facts: dict[str, Any]
    runs: list[RunLife]


@dataclass
class Story:
    """All that was said of one run: by E2B's own events, and by looks; sorted."""

    name: str
    own: list[Event]
    looks: list[Event] = field(default_factory=list)

    @property
    def openings(self) -> list[Event]:
        return [one for one in self.own if one.word in OPENING]

    @property
    def told_end(self) -> Event | None:
        """E2B's own last word that it ended (rule 4: of one time, `killed` beats `paused`)."""
        ends = [one for one in self.own if one.word in ENDING]
        return max(ends, key=lambda e: (e.timestamp, e.word == "killed", _told_of(e)), default=None)

    @property
    def told_start(self) -> datetime | None:
        """Its opening event's time, else the start that its end told of; None when that was missed."""
        if self.openings:
            return self.openings[0].timestamp
        told = [start for one in self.own if one.word in ENDING and (start := _time(_run_of(one).get("started_at")))]
        return min(told, default=None)

    @property
    def own_start(self) -> datetime:
        """As E2B's own events have it: when its start was missed, the first that was heard of it."""
        return self.told_start or self.own[0].timestamp

    @property
    def start(self) -> datetime:
        """Of a run whose start E2B did not tell, the start that looks saw, where that is earlier."""
        seen = [start_seen(look) for look in self.looks]
        if not self.own:
            return min(seen)
        return self.told_start or min([self.own_start, *seen])

    @property
    def says_alive(self) -> list[Event]:
        """Statements that it runs."""
        moved = [one for one in self.looks if one.word == "updated" and (one.data or {}).get("state") == "running"]
        return [*self.openings, *(one for one in self.looks if one.word in OPENING), *moved]

    @property
    def over(self) -> Event | None:
        """Rule 2, walked: the statement that ended it, None when a later one opened it again or none did."""
        alive = [(one.timestamp, 0, one) for one in self.says_alive]
        over = [(one.timestamp, 1, one) for one in [*self.own, *self.looks] if one.word in ENDING]
        last: Event | None = None
        for _, ends, one in sorted(alive + over, key=lambda said: said[:2]):
            last = (last or one) if ends else None
        return last

    def looks_that_saw(self, word: str) -> list[Event]:
        return [one for one in self.looks if one.word == word]

    def dated(self, look: Event) -> datetime:
        """When what a look found over had ended: at the known end, where that had passed and nothing is later."""
        known = [left for one in self.looks if (left := _time((one.data or {}).get("ended_at")))]
        alive = max((one.timestamp for one in self.says_alive), default=None)
        late = [left for left in known if left < look.timestamp and (alive is None or alive <= left)]
        return max(late, default=look.timestamp)


def life(events: Iterable[Event]) -> Life:
    """The life that `events` amount to; an event's ID counts once."""
    known = sorted({one.id: one for one in events}.values(), key=_order)
    stories = _stories(known)
    runs = [_run(one, following) for one, following in zip(stories, [*stories[1:], None], strict=True)]
    state, since, reason = _state(stories[-1], runs[-1])
    return Life(
        state=state,
        created_at=_life_began(runs),
        started_at=runs[-1].started_at,
        end_at=runs[-1].end_at if state == "running" else None,
        paused_at=since if state == "paused" else None,
        ended_at=since if state == "ended" else None,
        end_reason=reason,
        facts=_facts(known),
        runs=runs,
    )


def _life_began(runs: list[RunLife]) -> datetime:
    """Rule 9: the first start of the present life. What was created or first seen after a death is a new sandbox."""
    lives = [runs[:1]]
    for former, run in pairwise(runs):
        died_at = former.ended_at if former.ended_by in ("killed", "vanished") else None
        new = died_at is not None and died_at <= run.started_at and run.opened_by in ("created", "observed")
        lives.append([run]) if new else lives[-1].append(run)
    return min(run.started_at for run in lives[-1])


def start_seen(look: Event) -> datetime:
    """The start of the run that a look saw."""
    return _time((look.data or {}).get("started_at")) or look.timestamp


def _stories(known: list[Event]) -> list[Story]:
    """Rule 1: a run is an execution ID; what only looks saw joins a real run, or is one of its own."""
    names = {one.execution_id for one in known if one.execution_id is not None}
    real = [Story(name, [one for one in known if one.execution_id == name]) for name in names]
    real.sort(key=lambda story: (story.own_start, story.name))
    alone: dict[datetime, Story] = {}
    looks = [one for one in known if one.execution_id is None]
    for seen in sorted({start_seen(look) for look in looks}, reverse=True):
        home = _home(real, seen) or alone.setdefault(seen, Story("observed:" + seen.isoformat(), []))
        home.looks += [look for look in looks if start_seen(look) == seen]
    return sorted([*real, *alone.values()], key=lambda story: (story.start, story.name))


def _home(real: list[Story], seen: datetime) -> Story | None:
    near = [
        one for one in real if one.own_start - MINUTE <= seen <= one.own_start + (MINUTE if one.told_start else SLACK)
    ]
    if near:
        return min(near, key=lambda one: (abs(one.own_start - seen), one.name))
    for index, story in enumerate(real):
        former = real[index - 1] if index else None
        if _inside(story, seen):  # two runs never overlap, so this is the one it saw
            return story
        missed = story.told_start is None and seen <= story.own_start
        missed = missed and all(
            start_seen(look) - seen <= MINUTE for look in story.looks
        )  # else it saw a run before it
        if missed and (former is None or (former.own_start < seen and not _inside(former, seen))):
            return story
    return None


def _inside(story: Story, seen: datetime) -> bool:
    """Whether E2B told of this run from before `seen` until after it."""
    end, opened = story.told_end, [one.timestamp for one in story.openings]
    return end is not None and story.own_start < seen < end.timestamp and max(opened, default=seen) <= end.timestamp


def _run(story: Story, following: Story | None) -> RunLife:
    over, told, opened = story.over, story.told_end, story.openings
    ended_at, ended_by = None, ""
    if over and told:  # rule 3: E2B's own event tells it, whatever the times
        ended_at, ended_by = told.timestamp, told.word
    elif over:
        ended_at, ended_by = story.dated(over), "paused" if over.word == "paused" else "vanished"
    if following and (ended_at is None or ended_at > following.start):
        ended_at, ended_by = following.start, ended_by or "unknown"  # rule 1: it ends where the later begins
    run = _run_of(told) if told else {}
    by_e2b = told if ended_by in ENDING else None
    return RunLife(
        execution_id=story.name if story.own else None,
        started_at=story.start,
        start_known=not story.own or story.told_start is not None or bool(story.looks),
        opened_by=opened[0].word if opened else ("" if story.own else "observed"),
        ended_at=max(ended_at, story.start) if ended_at else None,
        ended_by=ended_by,
        end_reason="vanished"
        if ended_by == "vanished"
        else ((by_e2b and (by_e2b.data or {}).get("kill_reason")) or None),
        execution_ms=run.get("execution_time") if by_e2b else None,
        cpu_count=run.get("vcpu_count"),
        memory_mb=run.get("memory_mb"),
        end_at=_planned_end(story),
    )


def _planned_end(story: Story) -> datetime | None:
    """The latest word of when E2B would end it; rule 4 for equal times."""
    own = [(one.timestamp, 1, end) for one in story.own if one.word == "updated" and (end := _planned(one))]
    seen = [(one.timestamp, 0, end) for one in story.looks if (end := _planned(one))]
    said = sorted(own + seen)
    return said[-1][2] if said and said[-1][2] >= story.start else None  # rule 10: none before its start


def _state(story: Story, run: RunLife) -> tuple[str, datetime | None, str | None]:
    """State, since when, and why it ended, by the last run's statements."""
    if run.ended_at is None:
        return "running", None, None
    told, gone = story.told_end, story.looks_that_saw("killed")
    paused = [one for one in story.looks_that_saw("paused") if not _still_settling(one, told)]
    said = sorted([*gone, *paused, *([told] if told else [])], key=_order)
    last = said[-1]
    if last.word == "paused":
        alive = max((one.timestamp for one in story.says_alive), default=None)
        own = told and told.word == "paused" and (alive is None or told.timestamp >= alive)
        return "paused", told.timestamp if told and own else last.timestamp, None
    if told and told.word == "killed" and not [one for one in paused if one.timestamp > told.timestamp]:
        return "ended", told.timestamp, (told.data or {}).get("kill_reason") or "unknown"
    if run.ended_by == "vanished":
        return "ended", run.ended_at, "vanished"
    return "ended", _left(story, last, [*paused, *([told] if told else [])]), "vanished"


def _left(story: Story, gone: Event, others: list[Event]) -> datetime:
    """When one that was paused went: at the end the look told, where nothing else is later."""
    dated = story.dated(gone)
    return dated if all(one.timestamp <= dated for one in others) else gone.timestamp


def _still_settling(look: Event, told: Event | None) -> bool:
    """Rule 6: a kill by request is final for 60 s, whatever a list shows."""
    killed = told is not None and told.word == "killed" and (told.data or {}).get("kill_reason") == "request"
    return killed and told is not None and look.timestamp <= told.timestamp + MINUTE


def _facts(known: list[Event]) -> dict[str, Any]:
    """Rule 8: as last told; of one time, E2B's own event has the word."""
    facts: dict[str, Any] = {}
    for name, read in _FACTS.items():
        said = [(one, value) for one in known if (value := read(one)) is not None]
        said.sort(key=lambda pair: (*_order(pair[0])[:2], msgspec.json.encode(pair[1], order="sorted")))
        if said:
            facts[name] = said[-1][1]
    return facts


def _seen_only(name: str) -> Callable[[Event], Any]:
    return lambda one: (one.data or {}).get(name) if one.execution_id is None else None


_FACTS: dict[str, Callable[[Event], Any]] = {
    "template_id": lambda one: one.template_id or None,
    "metadata": lambda one: (one.data or {}).get("sandbox_metadata"),
    **{name: _seen_only(name) for name in ("alias", "cpu_count", "memory_mb", "disk_mb", "envd_version")},
}


def _order(one: Event) -> tuple[datetime, bool, bool, str]:
    """By time; rule 4: of one time a look first, then E2B's own, `killed` last."""
    return one.timestamp, one.execution_id is not None, one.word == "killed", one.word


def _run_of(one: Event) -> dict[str, Any]:
    return (one.data or {}).get("execution") or {}


def _told_of(one: Event) -> tuple[str, int]:
    return (one.data or {}).get("kill_reason") or "", _run_of(one).get("execution_time", -1)


def _planned(one: Event) -> datetime | None:
    return _time((one.data or {}).get("set_timeout"))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
