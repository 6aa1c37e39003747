"""Joins what E2B's events and our looks told into runs that never overlap."""

from itertools import zip_longest

import msgspec

from events.fold.base import START_GUESSED, Base, End, Look, Run, Until

JOIN_WITHIN = 60_000_000  # a look joins the real execution that starts within 60 s of what it saw
SLACK = 5_000_000  # a run can't have begun after the first that was heard of it, but for two clocks of one backend


class RunView(msgspec.Struct, frozen=True):
    """One run as it is now believed to have been. Times in microseconds since 1970.

    `ended_by` is paused, killed, vanished (gone from E2B without a word) or unknown (a later run began).
    """

    key: str
    execution_id: str | None
    started_at: int
    start_known: bool
    opened_by: str
    ended_at: int | None
    ended_by: str
    end_reason: str | None
    execution_ms: int | None
    cpu_count: int | float | None
    memory_mb: int | None
    end_at: int | None


class Draft(msgspec.Struct):
    """A run while its parts are put together: what E2B told of it, and the looks that saw it.

    `running`, `paused`, `gone` and `unknown` are the times of the latest look that saw it so, `left` is the end that it
    named, `asked_kill` and `asked_pause` are when actions of ours were answered.
    """

    key: str
    started: int
    run: Run | None
    looked: list[int] = []
    running: int = 0
    paused: int = 0
    gone: int = 0
    left: int = 0
    until: Until | None = None
    unknown: int = 0
    asked_kill: int = 0
    asked_pause: int = 0

    def add(self, started: int, look: Look) -> None:
        """Takes in a look at this run, which saw it start at `started`."""
        self.looked.append(started)
        self.running, self.paused = max(self.running, look.running), max(self.paused, look.paused)
        self.gone, self.left = max(self.gone, look.gone), max(self.left, look.left)
        self.unknown, self.asked_kill = max(self.unknown, look.unknown), max(self.asked_kill, look.asked_kill)
        self.asked_pause = max(self.asked_pause, look.asked_pause)
        if look.until and (self.until is None or look.until > self.until):
            self.until = look.until

    @property
    def end(self) -> End | None:
        """Its own end event, if one came."""
        return self.run.end if self.run else None

    @property
    def alive(self) -> int:
        """The latest statement that it runs."""
        return max(self.running, self.run.opened) if self.run else self.running

    @property
    def killed_by_us(self) -> bool:
        """Whether our kill was answered and nothing later says that it runs."""
        return self.asked_kill > 0 and self.asked_kill >= self.alive


def drafts(base: Base) -> list[Draft]:
    """The runs of `base` in order of their start, each with the looks that saw it."""
    real = [Draft(key, run.start.at, run, until=run.until) for key, run in base.runs.items()]
    if not base.looks and len(real) == 1:
        return real
    real.sort(key=_by_start)
    alone: list[Draft] = []
    looks = {int(text): look for text, look in base.looks.items()}
    for started, look in sorted(looks.items(), reverse=True):  # the latest start is the one of a run heard of later
        home = _home(real, started)
        if home is None:
            home = Draft(f"observed:{started}", started, None)
            alone.append(home)
        home.add(started, look)
    for draft in real:
        if draft.run and draft.run.start.how == START_GUESSED and draft.looked:
            draft.started = min(draft.started, *draft.looked)
    return sorted(real + alone, key=_by_start)


def _by_start(draft: Draft) -> tuple[int, str]:
    return draft.started, draft.key


def _home(real: list[Draft], started: int) -> Draft | None:
    """The real run that a look at a run started then was a look at."""
    near = [d for d in real if d.run and _begins_near(d.run, started)]
    if near:
        return min(near, key=lambda d: (abs(d.run.start.at - started) if d.run else 0, d.key))
    for index, draft in enumerate(real):
        run = draft.run
        if run is None:
            continue
        guessed = run.start.how == START_GUESSED and started <= run.start.at and not _taken(draft, started)
        within = run.start.at < started and run.end is not None and started < run.end.at and run.opened <= run.end.at
        before = real[index - 1].run if index else None
        if within or (guessed and (before is None or (before.start.at < started and _over(before, started)))):
            return draft
    return None


def _taken(draft: Draft, started: int) -> bool:
    """Whether looks saw it start later than `started`: then that was a run of its own."""
    return bool(draft.looked) and max(draft.looked) - started > JOIN_WITHIN


def _begins_near(run: Run, started: int) -> bool:
    """Whether its start may be the one a look saw; one whose start was missed began before it was heard of."""
    latest = SLACK if run.start.how == START_GUESSED else JOIN_WITHIN
    return -JOIN_WITHIN <= started - run.start.at <= latest


def _over(run: Run, at: int) -> bool:
    """Whether a run had ended by `at`, as far as its own events tell."""
    return run.end is None or run.end.at <= at


def runs(parts: list[Draft]) -> list[RunView]:
    """The drafts' runs, each ended where the next begins at the latest."""
    return [finish(part, after) for part, after in zip_longest(parts, parts[1:])]


def finish(draft: Draft, following: Draft | None) -> RunView:
    """The run with its end worked out; it ends, at the latest, where the `following` one starts."""
    run, end, until = draft.run, draft.end, draft.until
    ended_at, ended_by = _closed(draft)
    if following and (ended_at is None or ended_at > following.started):
        ended_at, ended_by = following.started, ended_by or "unknown"
    told = end if end and ended_at is not None and ended_by in {"paused", "killed"} else None
    return RunView(
        key=draft.key,
        execution_id=draft.key if run else None,
        started_at=draft.started,
        start_known=run is None or run.start.how != START_GUESSED or bool(draft.looked),
        opened_by=(run.start.word if run else "observed"),
        ended_at=None if ended_at is None else max(ended_at, draft.started),
        ended_by=ended_by,
        end_reason=(told.reason or None) if told else _UNTOLD.get(ended_by),
        execution_ms=told.execution_ms if told and told.execution_ms >= 0 else None,
        cpu_count=(end.cpu_count or None) if end else None,
        memory_mb=(end.memory_mb or None) if end else None,
        end_at=until.end_at if until and until.end_at >= draft.started else None,
    )


_UNTOLD = {"vanished": "vanished", "killed": "request"}  # without an event of E2B's own only our action kills


def _closed(draft: Draft) -> tuple[int | None, str]:
    """When and by what it ended; (None, "") while it runs. A later statement that it runs opens it again."""
    end, alive = draft.end, draft.alive
    # What it was seen running after is void for good, also once a later list shows a state that we don't know.
    paused, gone, asked_kill = (at if at >= alive else 0 for at in (draft.paused, draft.gone, draft.asked_kill))
    ends = max(end.at if end else 0, paused, gone, asked_kill)
    if max(ends, draft.unknown) < max(alive, 1):
        return None, ""
    if end and ends >= alive:  # for one change of one run E2B's own event beats a look, whatever their times
        return end.at, "killed" if end.killed else "paused"
    over = gone or asked_kill
    if not paused and not over:
        return (draft.unknown if alive or draft.run else draft.started), "unknown"  # never seen running: it did not run
    if draft.killed_by_us and not alive <= paused <= draft.asked_kill:
        return draft.asked_kill, "killed"
    left = draft.left
    found, word = (paused, "paused") if paused and (paused >= alive or not over) else (gone, "vanished")
    return (left if left and alive <= left < found else found), word
