"""What only the Fleet page asks of a template: why sandboxes ended, as links to them."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django import template
from django.urls import reverse

register = template.Library()
EXPECTED = ("timeout", "request")  # all other reasons come first: they are what somebody has to look at


@register.filter
def ended_reasons(by_reason: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """Reason, how many, and the list of those of the last hour; as `endedBy` of js/figures.js."""
    ordered = sorted(by_reason.items(), key=lambda one: (one[0] in EXPECTED, -one[1], one[0]))
    return [(reason, n, _link(reason)) for reason, n in ordered if n]


def _link(reason: str) -> str:
    return f"{reverse('sandboxes')}?{urlencode({'state': 'ended', 'ended_since': '1h', 'reason': reason})}"
