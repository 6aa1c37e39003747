"""What moved, written for many actions in one statement; with it goes the sentence of those that condemn no more."""

import json
from collections.abc import Sequence

from django.db import connection

from sandboxes.models import Action

Kind, State = Action.Kind, Action.State
NEW_LIFE = "new_life"  # a parameter of a kill whose sandbox's ID is used again
_TYPES = {
    "state": "text", "outcome": "text", "error": "text", "attempts": "smallint", "claim_number": "bigint",
    "sent_at": "timestamptz", "answered_at": "timestamptz", "confirmed_at": "timestamptz",
    "spare_until": "timestamptz", "next_attempt_at": "timestamptz", "claimed_until": "timestamptz",
    "parameters": "jsonb", "evidence": "jsonb",
}  # fmt: skip


def write(actions: Sequence[Action]) -> None:
    """Stores all that may change in an action's life. The guards are locked by the caller, within a transaction."""
    if not actions:
        return
    columns = {name: [_plain(getattr(action, name)) for action in actions] for name in _TYPES}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"keys": [action.pk for action in actions], **columns})
        cursor.execute(_PARDON, {"keys": [action.pk for action in actions if not condemns(action)]})


def condemns(action: Action) -> bool:
    """Whether a kill or pause of this state keeps its sandbox condemned: it may be on its way, or has killed it.

    A policy's own wish condemns from its claim on; a person's from the moment it is queued. Once its ID is used again,
    a confirmed kill condemns nobody.
    """
    if action.state == State.CONFIRMED:
        return action.kind == Kind.KILL and NEW_LIFE not in action.parameters
    if action.state == State.QUEUED:
        return action.actor_kind != "policy" or bool(action.parameters.get("joined"))
    if action.state == State.DONE:
        return action.kind == Kind.KILL  # an answered pause is over: it may be resumed and leased
    return action.state == State.SENT


def _plain(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


_PARDON = "UPDATE sandboxes_guard SET condemned_by_id = NULL WHERE condemned_by_id = ANY(%(keys)s)"

# A save each would be a round trip an action, and a bulk_update a CASE for each column and row.
_WRITE = f"""
    UPDATE sandboxes_action a SET {", ".join(f"{name} = n.{name}" for name in _TYPES)}
    FROM unnest(%(keys)s::bigint[], {
    ", ".join(f"%({name})s::{'text' if kind == 'jsonb' else kind}[]" for name, kind in _TYPES.items())
}) AS given(key, {", ".join(_TYPES)}),
    LATERAL (SELECT {", ".join(f"given.{name}::{kind} AS {name}" for name, kind in _TYPES.items())}) AS n
    WHERE a.id = given.key
"""
