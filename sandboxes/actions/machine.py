"""The state machine of actions: every transition there is, and (but for a restore) the only code that writes its state.

`move` applies a transition to an action in memory, under its sandbox's lock; `store` writes what moved, many actions in
one statement. A trigger of the database refuses every change of state that is not in `TRANSITIONS`. `docs/actions.md`
draws them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandboxes.actions import queries
from sandboxes.core import database
from sandboxes.models import Action

Kind, State = Action.Kind, Action.State
CANCELLABLE: Final = (State.GRACE, State.QUEUED)


@dataclass(frozen=True)
class Transition:
    """From any of `sources` to `target`; `when` completes "An action is … when"."""

    name: str
    sources: tuple[Action.State, ...]
    target: Action.State
    when: str


class IllegalTransition(Exception):
    """A fault of ours: the action is in no state from which this transition leads."""


RELEASE: Final = Transition("release", (State.GRACE,), State.QUEUED, "grace is over and the final check still holds")
JOIN: Final = Transition("join", CANCELLABLE, State.QUEUED, "a person or program asks for the same")
NOTIFY: Final = Transition("notify", (State.GRACE,), State.CONFIRMED, "grace is over and it only notifies")
CLAIM: Final = Transition("claim", (State.QUEUED,), State.SENT, "a worker takes it to send it")
HOLD: Final = Transition("hold", (State.QUEUED,), State.GRACE, "it waited too long, or its policy may not act now")
CANCEL: Final = Transition("cancel", CANCELLABLE, State.CANCELLED, "it is stopped, or what it stood on is gone")
ANSWER: Final = Transition("answer", (State.SENT,), State.DONE, "the backend answered yes")
PROVE: Final = Transition("prove", (State.SENT,), State.CONFIRMED, "the answer itself shows the result")
RETRY: Final = Transition("retry", (State.SENT,), State.QUEUED, "nothing happened at the backend")
CONFIRM: Final = Transition("confirm", (State.DONE,), State.CONFIRMED, "the record or a check shows the result")
FAIL: Final = Transition(
    "fail", (State.SENT, State.DONE, State.CONFIRMED), State.FAILED, "it was rejected, had no effect, or was reversed"
)
TRANSITIONS: Final = (RELEASE, JOIN, NOTIFY, CLAIM, HOLD, CANCEL, ANSWER, PROVE, RETRY, CONFIRM, FAIL)
BEGINNINGS: Final = {
    State.GRACE: "a policy marks it",
    State.QUEUED: "a person or program asks for it",
    State.CONFIRMED: "it protects or unprotects, which holds at once",
}


def begin(state: Action.State, **fields: Any) -> Action:
    """A new action, not written yet. Raises IllegalTransition for a state in which none begins."""
    if state not in BEGINNINGS:
        raise IllegalTransition(f"no action begins {state}")
    return Action(state=state, **fields)


def move(action: Action, transition: Transition, **fields: Any) -> None:
    """Applies `transition` and sets `fields`, in memory alone: the caller holds the sandbox's lock and calls `store`.

    Raises IllegalTransition when the action is in none of the transition's sources.
    """
    if action.state not in transition.sources:
        raise IllegalTransition(f"action {action.pk} is {action.state}: {transition.name} does not lead from there")
    action.state = transition.target
    for name, value in fields.items():
        setattr(action, name, value)


def store(actions: Sequence[Action]) -> None:
    """Writes all that may change in an action's life; with it ends the condemnation by those that condemn no longer.

    The locks of their sandboxes are held by the caller, within a transaction.
    """
    if not actions:
        return
    columns = {name: [_plain(getattr(action, name)) for action in actions] for name in queries.STORED}
    database.execute(queries.STORE_ACTIONS, {"keys": [action.pk for action in actions], **columns})
    database.execute(queries.RELEASE_LOCKS, {"keys": [action.pk for action in actions if not condemns(action)]})


def condemns(action: Action) -> bool:
    """Whether a kill or pause of this state keeps its sandbox condemned: it may be on its way, or has killed it.

    A policy's own act condemns from its claim on; a person's from the moment it is queued. Once its ID is used again,
    a confirmed kill condemns nobody.
    """
    if action.state == State.CONFIRMED:
        return action.kind == Kind.KILL and not action.id_reused
    if action.state == State.QUEUED:
        return action.actor_kind != "policy" or bool(action.joined)
    if action.state == State.DONE:
        return action.kind == Kind.KILL  # an answered pause is over: it may be resumed and leased
    return action.state == State.SENT


def diagram() -> str:
    """The machine as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}: {why}" for state, why in BEGINNINGS.items()]
    for one in TRANSITIONS:
        lines += [f"    {source} --> {one.target}: {one.name}" for source in one.sources]
    ends = [state for state in State if not any(state in one.sources for one in TRANSITIONS)]
    lines += [f"    {state} --> [*]" for state in (*ends, State.CONFIRMED)]
    return "\n".join(lines)


def table() -> str:
    """The transitions as a Markdown table."""
    rows = [f"| {one.name} | {', '.join(one.sources)} | {one.target} | {one.when} |" for one in TRANSITIONS]
    return "\n".join(["| transition | from | to | when |", "| --- | --- | --- | --- |", *rows])


def _plain(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value
