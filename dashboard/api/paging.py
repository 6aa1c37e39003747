"""A page of a list that is ordered by primary key."""

from typing import TypeVar

import msgspec
from django.db.models import Model, QuerySet

from dashboard.api.params import Paged
from sandboxes.fleet.search import cursors

M = TypeVar("M", bound=Model)


class _After(msgspec.Struct, frozen=True, array_like=True):
    key: int


def by_key(found: QuerySet[M], asked: Paged, *, newest_first: bool = True) -> tuple[list[M], str | None]:
    """The rows of the page that is asked for, and the cursor of the next; None after the last.

    Raises QueryError for a cursor that is none of ours.
    """
    if asked.cursor:
        key = cursors.decode(asked.cursor, _After).key
        found = found.filter(pk__lt=key) if newest_first else found.filter(pk__gt=key)
    rows = list(found.order_by("-pk" if newest_first else "pk")[: asked.limit + 1])
    shown = rows[: asked.limit]
    return shown, cursors.encode(_After(shown[-1].pk)) if len(rows) > len(shown) else None
