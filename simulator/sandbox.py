"""One simulated sandbox and its runs."""

from dataclasses import dataclass, field
from typing import Literal

from simulator.patterns import Curve
from simulator.templates import Template

State = Literal["running", "paused"]
OnTimeout = Literal["kill", "pause"]
Changing = Literal["pausing", "snapshotting"]


@dataclass(slots=True)
class Run:
    """One execution: from a start or resume to a pause or kill. `offset` is how long the sandbox had run before."""

    execution_id: str
    started: float
    offset: float = 0.0
    ended: float | None = None


@dataclass(slots=True, eq=False)
class Sandbox:
    """What E2B knows of a sandbox, and what only the simulator knows: its curve and whether it outstays its end."""

    id: str
    client_id: str
    template: Template
    metadata: dict[str, str]
    curve: Curve
    end_at: float
    runs: list[Run]
    on_timeout: OnTimeout = "kill"
    auto_resume: bool = False
    token: str | None = None
    internet: bool | None = None
    nanos: int | None = None
    state: State = "running"
    changing: Changing | None = None
    ever_paused: bool = False
    overdue: bool = False
    killed_by_oom: bool = False
    died: float | None = None
    network: dict[str, object] = field(default_factory=dict)

    @property
    def run(self) -> Run:
        """The current run, or the last one."""
        return self.runs[-1]

    @property
    def started(self) -> float:
        """When the current or last run began: E2B's `startedAt`."""
        return self.runs[-1].started

    @property
    def alive(self) -> bool:
        return self.died is None

    @property
    def page(self) -> State | None:
        """On which page of the list it stands: on none while it is snapshotted, unless an old snapshot is there."""
        if self.changing == "pausing":
            return "paused"
        if self.changing == "snapshotting":
            return "paused" if self.ever_paused else None
        return self.state

    def seconds_run(self, at: float) -> float:
        """Running seconds of all runs up to `at`."""
        last = self.runs[-1]
        return last.offset + max(0.0, (at if last.ended is None else last.ended) - last.started)
