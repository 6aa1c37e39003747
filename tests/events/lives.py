"""Random lives of a sandbox as E2B leads them: what truly happened, the events it sent, what looks at its list saw."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from events.wire import Event
from tests.events.factories import at, real, seen

LAST_LOOK_AFTER = 300  # seconds after the last change, when everything has settled

RESUMES_AFTER = 65  # two starts of one sandbox lie further apart than the minute within which they are held for one


@dataclass
class Truth:
    """One run as it was: seconds after the start of the tests."""

    name: str
    started: int
    ended: int | None = None
    ended_by: str = ""
    reason: str | None = None


@dataclass
class Lived:
    """A whole life. `state` is running, paused or ended; `looks` come from looks at the list at any time in it."""

    events: list[Event] = field(default_factory=list)
    looks: list[Event] = field(default_factory=list)
    runs: list[Truth] = field(default_factory=list)
    state: str = ""
    now: int = 0
    listed: int = -1  # the start that the list shows

    @property
    def run(self) -> Truth:
        return self.runs[-1]

    @property
    def paused_before(self) -> bool:
        """Once paused there is a snapshot, and a kill that is no DELETE leaves it (e2b/README.md section 4, trap b)."""
        return any(run.ended_by == "paused" for run in self.runs)


@st.composite
def lives(draw: st.DrawFn) -> Lived:
    """A life of up to a dozen steps; its events are in the order of their time, nothing is lost yet."""
    lived = Lived()
    _open(draw, lived, draw(st.sampled_from(["created", "created", "resumed"])))  # a fork starts with `resumed`
    for _ in range(draw(st.integers(0, 10))):
        _look(draw, lived)
        lived.now += draw(st.one_of(st.integers(8, 90), st.integers(90, 4000)))
        {"running": _while_running, "paused": _while_paused, "ended": lambda *_: None}[lived.state](draw, lived)
    _look(draw, lived)
    return lived


def last_look(lived: Lived, held_start: Any) -> Event:
    """What a look long after the last change says; a 404 names the run that we hold, which began at `held_start`."""
    when = lived.now + LAST_LOOK_AFTER
    if lived.state == "ended":
        return seen("killed", when, 0, started_at=held_start.isoformat())
    word = "resumed" if lived.state == "running" else "paused"
    return seen(word, when, lived.listed, state=lived.state)


def _open(draw: st.DrawFn, lived: Lived, word: str) -> None:
    lived.runs.append(Truth(f"x{len(lived.runs)}", lived.now))
    lived.state, lived.listed = "running", lived.now + draw(st.integers(-2, 2))
    _tell(lived, word, sandbox_metadata={"step": str(lived.now)})


def _tell(lived: Lived, word: str, **data: Any) -> None:
    lived.events.append(real(word, lived.now, lived.run.name, **data))


def _while_running(draw: st.DrawFn, lived: Lived) -> None:
    word = draw(st.sampled_from(["updated", "checkpointed", "snoozed", "paused", "paused", "killed"]))
    if word == "updated":
        _tell(lived, word, set_timeout=at(lived.now + draw(st.integers(15, 9000))).isoformat())
    elif word in {"paused", "killed"}:
        _end(draw, lived, word)
    else:
        _tell(lived, word)


def _end(draw: st.DrawFn, lived: Lived, word: str) -> None:
    run, data = lived.run, dict[str, Any]()
    run.ended, run.ended_by = lived.now, word
    if draw(st.booleans()):  # any key of the data may be missing
        size = {
            "vcpu_count": draw(st.integers(1, 8)),
            "memory_mb": 512,
            "execution_time": (run.ended - run.started) * 1000,
        }
        data["execution"] = {"started_at": at(run.started).isoformat()} | size
    if word == "killed":
        run.reason = data["kill_reason"] = draw(st.sampled_from(["request", "timeout", "admin"]))
    kept = word == "paused" or (lived.paused_before and run.reason != "request" and draw(st.booleans()))
    lived.state = "paused" if kept else "ended"
    _tell(lived, word, **data)


def _while_paused(draw: st.DrawFn, lived: Lived) -> None:
    if draw(st.integers(0, 3)):
        lived.now = max(lived.now, lived.run.started + RESUMES_AFTER)
        _open(draw, lived, "resumed")
    else:
        lived.state = "ended"  # the kill of a paused one: E2B sends nothing


def _look(draw: st.DrawFn, lived: Lived) -> None:
    """Perhaps a look, 1 to 5 s after the last change: it says what our record, whatever that holds, may lack."""
    sent = lived.now + draw(st.integers(1, 5))
    if not draw(st.booleans()) or any(one.timestamp >= at(lived.now) for one in lived.looks):
        return
    facts: dict[str, Any] = {"cpu_count": draw(st.integers(1, 8)), "envd_version": "0.5.9"}
    if lived.state == "running":
        word = draw(st.sampled_from(["created", "resumed", "updated"]))
        end = at(sent + draw(st.integers(15, 9000))).isoformat()
        lived.looks.append(seen(word, sent, lived.listed, state="running", set_timeout=end, **facts))
    elif lived.state == "paused" and not _told_already(lived, "paused"):
        ended: dict[str, Any] = {"ended_at": at(lived.now).isoformat()} if draw(st.booleans()) else {}
        lived.looks.append(seen("paused", sent, lived.listed, state="paused", **ended, **facts))
    elif lived.state == "ended" and not _told_already(lived, "killed"):
        killing = lived.run.reason == "request" and not _told_already(lived, "paused")
        word = (
            draw(st.sampled_from(["killed", "paused"])) if killing else "killed"
        )  # while it is killed it may be listed
        lived.looks.append(seen(word, sent, lived.listed))


def _told_already(lived: Lived, word: str) -> bool:
    """A difference is seen once: after that our record has it."""
    since = at(lived.run.started)
    return any(one.word == word and one.timestamp >= since for one in lived.looks)
