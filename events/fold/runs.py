"""Joins what E2B's events and our looks told into runs that never overlap."""

import msgspec

from events.fold.base import START_GUESSED, Base, End, Look, Run, Until

JOIN_WITHIN = 60_000_000  # a look joins the real execution that starts within 60 s of what it saw


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
    cpu_count: int | None
    memory_mb: int | None
    end_at: int | None


class Draft(msgspec.Struct):
    """A run while its parts are put together."""

    key: str
    started: int
    run: Run | None
    looks: list[tuple[int, Look]]

    def latest(self, name: str) -> int:
        """The latest look that saw it `running`, `paused` or `gone`, or the end (`left`) it told; 0 for never."""
        return max((getattr(look, name) for _, look in self.looks), default=0)

    @property
    def end(self) -> End | None:
        """Its own end event, if one came."""
        return self.run.end if self.run else None

    @property
    def alive(self) -> int:
        """The latest statement that it runs."""
        return max(self.latest("running"), self.run.opened if self.run else 0)

    @property
    def until(self) -> Until | None:
        """The latest statement of when it will end."""
        told = [look.until for _, look in self.looks if look.until]
        if self.run and self.run.until:
            told.append(self.run.until)
        return max(told, default=None)


def drafts(base: Base) -> list[Draft]:
    """The runs of `base` in order of their start, each with the looks that saw it."""
    real = sorted(
        (Draft(key, run.start.at, run, []) for key, run in base.runs.items()), key=lambda d: (d.started, d.key)
    )
    alone: list[Draft] = []
    for started, look in sorted((int(text), look) for text, look in base.looks.items()):
        home = _home(real, started)
        if home is None:
            alone.append(Draft(f"observed:{started}", started, None, [(started, look)]))
        else:
            home.looks.append((started, look))
    for draft in real:
        if draft.run and draft.run.start.how == START_GUESSED and draft.looks:
            draft.started = min(draft.started, *(started for started, _ in draft.looks))
    return sorted(real + alone, key=lambda d: (d.started, d.key))


def _home(real: list[Draft], started: int) -> Draft | None:
    """The real run that a look at a run started then was a look at."""
    near = [d for d in real if d.run and abs(d.run.start.at - started) <= JOIN_WITHIN]
    if near:
        return min(near, key=lambda d: (abs(d.run.start.at - started) if d.run else 0, d.key))
    for index, draft in enumerate(real):
        run = draft.run
        if run is None:
            continue
        guessed = run.start.how == START_GUESSED and started <= run.start.at
        within = run.start.at < started and run.end is not None and started < run.end.at and run.opened <= run.end.at
        before = real[index - 1].run if index else None
        if within or (guessed and (before is None or (before.start.at < started and _over(before, started)))):
            return draft
    return None


def _over(run: Run, at: int) -> bool:
    """Whether a run had ended by `at`, as far as its own events tell."""
    return run.end is None or run.end.at <= at


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
        start_known=run is None or run.start.how != START_GUESSED or bool(draft.looks),
        opened_by=(run.start.word if run else "observed"),
        ended_at=None if ended_at is None else max(ended_at, draft.started),
        ended_by=ended_by,
        end_reason=(told.reason or None) if told else ("vanished" if ended_by == "vanished" else None),
        execution_ms=told.execution_ms if told and told.execution_ms >= 0 else None,
        cpu_count=(end.cpu_count or None) if end else None,
        memory_mb=(end.memory_mb or None) if end else None,
        end_at=until.end_at if until else None,
    )


def _closed(draft: Draft) -> tuple[int | None, str]:
    """When and by what it ended; (None, "") while it runs. A later statement that it runs opens it again."""
    end, paused, gone, alive = draft.end, draft.latest("paused"), draft.latest("gone"), draft.alive
    if max(end.at if end else 0, paused, gone) < max(alive, 1):
        return None, ""
    if end:  # for one change of one run E2B's own event beats a look, whatever their times
        return end.at, "killed" if end.killed else "paused"
    left = draft.latest("left")
    found, word = (paused, "paused") if paused and (paused >= alive or not gone) else (gone, "vanished")
    return (left if alive <= left < found else found), word
