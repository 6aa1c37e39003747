"""What only the Sandboxes table asks of a template: a metadata column's cell, how long one lived, the saved view."""

from collections.abc import Iterable, Mapping

from django import template

from dashboard.sandboxes.filters import METADATA
from dashboard.sandboxes.saved_views import Saved
from sandboxes.fleet.search import SandboxRow

register = template.Library()


@register.filter
def under(metadata: Mapping[str, str], column: str) -> str:
    """The value under the key of the column `metadata.KEY`, '' when it has none."""
    return metadata.get(column.removeprefix(METADATA), "")


@register.filter
def lived_seconds(row: SandboxRow) -> float | None:
    """From its creation to its end, pauses included; None while it lives."""
    return max(0.0, (row.ended_at - row.created_at).total_seconds()) if row.ended_at else None


@register.filter
def current(saved: Iterable[Saved]) -> Saved | None:
    """The view whose address is the page's; one's own before another's."""
    return next(iter(sorted((view for view in saved if view.current), key=lambda view: not view.mine)), None)
