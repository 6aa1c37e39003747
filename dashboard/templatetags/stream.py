"""What only the stream of events asks of a template: links that add a filter, and how late an event came."""

from typing import Any

from django import template

from dashboard.sandboxes.filters import joined, with_
from dashboard.ui import formats

register = template.Library()


@register.simple_tag(takes_context=True)
def also(context: dict[str, Any], **filters: str) -> str:
    """The page's address with these filters instead of those of the same name."""
    return with_(context["asked"], **{name: joined([value]) for name, value in filters.items()})


@register.filter
def delay(seconds: float) -> str:
    """`+0.4 s`, `+12 s`, `+3 min`."""
    return f"+{formats.fixed(seconds, 1)} s" if seconds < 10 else f"+{formats.span(seconds)}"
