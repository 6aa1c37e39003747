"""The audit trail as REST shows it, newest first, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from sandboxes.fleet.search import Page, QueryError, cursors, seen_accounts
from sandboxes.fleet.search.rows import Actor
from sandboxes.models import Action

ActionKind = Annotated[str, msgspec.Meta(extra_json_schema={"enum": Action.Kind.values})]
ActionState = Annotated[str, msgspec.Meta(extra_json_schema={"enum": Action.State.values})]


class ActionRow(msgspec.Struct, frozen=True):
    """One thing somebody asked to be done; each step with its time, null before it."""

    id: int
    kind: ActionKind
    sandbox_id: str
    account: str
    actor: Actor
    reason: str
    evidence: Any
    state: ActionState
    requested_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    confirmed_at: datetime | None
    outcome: str | None
    error: str | None


ActionList = msgspec.defstruct(
    "ActionList", [("items", list[ActionRow]), ("next", str | None), ("total", int)], module=__name__
)


@dataclass(frozen=True)
class ActionQuery:
    """Filters; None is not asked. `actor` is a name, or its kind. Raises QueryError for an unknown kind or state."""

    sandbox: str | None = None
    kind: str | None = None
    state: str | None = None
    actor: str | None = None
    bulk_id: UUID | None = None

    def __post_init__(self) -> None:
        for name, given, known in (("kind", self.kind, Action.Kind.values), ("state", self.state, Action.State.values)):
            if unknown := set(given.split(",") if given is not None else []) - set(known):
                raise QueryError(f"{name} {', '.join(sorted(unknown))!r} is none of {', '.join(known)}")

    def rows(self) -> QuerySet[Action]:
        found = Action.objects.filter(account_id__in=seen_accounts())
        if self.sandbox is not None:
            found = found.filter(sandbox__sandbox_id=self.sandbox)
        if self.kind is not None:
            found = found.filter(kind__in=self.kind.split(","))
        if self.state is not None:
            found = found.filter(state__in=self.state.split(","))
        if self.actor is not None:
            found = found.filter(Q(actor_name=self.actor) | Q(actor_kind=self.actor))
        return found if self.bulk_id is None else found.filter(bulk_id=self.bulk_id)


def list_actions(query: ActionQuery, *, limit: int, cursor: str | None) -> Page[ActionRow]:
    """One page. Raises QueryError for a cursor that is none of ours."""
    matching = query.rows()
    page = matching
    if cursor:
        last = cursors.decode_by_time(cursor)
        page = matching.filter(Q(requested_at__lt=last.at) | Q(requested_at=last.at, id__lt=last.key))
    found = list(page.select_related("sandbox", "account").order_by("-requested_at", "-id")[: limit + 1])
    following = cursors.by_time(found[limit - 1].requested_at, found[limit - 1].pk) if len(found) > limit else None
    return Page([row_of_action(action) for action in found[:limit]], following, matching.count())


def row_of_action(action: Action) -> ActionRow:
    """An action with its sandbox and account loaded."""
    return ActionRow(
        id=action.pk,
        kind=action.kind,
        sandbox_id=action.sandbox.sandbox_id,
        account=action.account.name,
        actor=Actor(action.actor_kind, action.actor_name),
        reason=action.reason,
        evidence=action.evidence,
        state=action.state,
        requested_at=action.requested_at,
        sent_at=action.sent_at,
        answered_at=action.answered_at,
        confirmed_at=action.confirmed_at,
        outcome=action.outcome or None,
        error=action.error or None,
    )
