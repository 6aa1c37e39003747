"""What an action is called where it is asked for: `{% load verbs %}`."""

from django import template

register = template.Library()

VERBS = {
    "kill": "Kill",
    "pause": "Pause",
    "resume": "Resume",
    "extend": "Extend",
    "timeout": "Set the end of",
    "protect": "Protect",
    "unprotect": "Stop protecting",
}


@register.filter
def verb(kind: str) -> str:
    """`Kill`, `Set the end of`: before what it is done to."""
    return VERBS[kind]
