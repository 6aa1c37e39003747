"""Whether an action fits the state on our record: one rule a kind, the same for pages, REST and admin."""

from sandboxes.models import Action, Sandbox, SandboxLock

Kind, State = Action.Kind, Sandbox.State
NEEDS: dict[str, tuple[str, ...]] = {
    Kind.KILL: (State.RUNNING, State.PAUSED, State.UNKNOWN),
    Kind.PAUSE: (State.RUNNING,),
    Kind.RESUME: (State.PAUSED,),
    Kind.TIMEOUT: (State.RUNNING,),
    Kind.EXTEND: (State.RUNNING,),
    Kind.PROTECT: (State.RUNNING, State.PAUSED, State.UNKNOWN),
    Kind.UNPROTECT: (State.RUNNING, State.PAUSED, State.UNKNOWN),
}
SENT_KINDS = (Kind.KILL, Kind.PAUSE, Kind.RESUME, Kind.TIMEOUT, Kind.EXTEND)  # calls at the backend
MOST_SECONDS = 30 * 86_400  # a timeout, from now; backends cap it lower by their plans
SECONDS_RANGE = f"must be from 1 to {MOST_SECONDS:,} (30 days)"
CONDEMNING = (Kind.KILL, Kind.PAUSE)  # what must not cross an owner's word on its way


def refusal(kind: str, sandbox: Sandbox, lock: SandboxLock, condemning: str | None) -> str | None:
    """Why the action can't be taken, or None. `condemning` is the kind of the act that may be on its way."""
    if kind not in NEEDS:
        return f"{kind} is not something to be asked for"
    if sandbox.state not in NEEDS[kind]:
        return not_in_state(kind, sandbox.state)
    if lock.pending_action_id is None or kind in (Kind.KILL, Kind.UNPROTECT):
        return None
    return f"a {condemning or 'kill'} is on its way"


def not_in_state(kind: str, state: str) -> str:
    """The refusal by the sandbox's state alone."""
    return f"the sandbox is {state}: {kind} needs it {' or '.join(NEEDS[kind])}"


def needs_seconds(kind: str, seconds: int | None) -> int | None:
    """The seconds an action goes by: 300 for a resume that names none (E2B's default).

    Raises ValueError where they are needed and missing or out of range.
    """
    if kind == Kind.RESUME and seconds is None:
        return 300
    if kind in (Kind.RESUME, Kind.TIMEOUT, Kind.EXTEND):
        if seconds is None or not 0 < seconds <= MOST_SECONDS:
            raise ValueError(f"seconds: {SECONDS_RANGE}")
        return seconds
    return None
