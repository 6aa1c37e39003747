"""Whether a sandbox wakes on traffic once it is paused (E2B's `autoResume`): kept as each look at one tells it.

Only `GET /sandboxes/{id}` has it, in `lifecycle`; the list has not.
"""

from collections.abc import Iterable

from sandboxes.e2b import SandboxInfo
from sandboxes.models import Action, Sandbox

EVIDENCE = {
    "rule": "auto_resume",
    "evidence": "it resumes on the next request (autoResume): the pause may not last",
}


def learn(seen: Iterable[tuple[Action, object]]) -> None:
    """Writes down what these looks told, where it is new."""
    told: dict[bool, list[int]] = {True: [], False: []}
    for action, what in seen:
        wakes = wakes_on_traffic(what)
        if wakes is not None:
            told[wakes].append(action.sandbox_id)
    for wakes, keys in told.items():
        if keys:
            Sandbox.objects.filter(pk__in=keys).exclude(auto_resume=wakes, auto_resume__isnull=False).update(
                auto_resume=wakes
            )


def wakes_on_traffic(seen: object) -> bool | None:
    """As E2B showed it; None where it did not say."""
    return seen.lifecycle.auto_resume if isinstance(seen, SandboxInfo) and seen.lifecycle is not None else None
