"""What an action is called where it is asked for: `{% load verbs %}`."""

from django import template
from django.utils.translation import gettext, gettext_noop

register = template.Library()

VERBS = {
    "kill": gettext_noop("Kill"),
    "pause": gettext_noop("Pause"),
    "resume": gettext_noop("Resume"),
    "extend": gettext_noop("Extend"),
    "timeout": gettext_noop("Set the end of"),
    "protect": gettext_noop("Protect"),
    "unprotect": gettext_noop("Stop protecting"),
}


@register.filter
def verb(kind: str) -> str:
    """`Kill`, `Set the end of`: before what it is done to."""
    return gettext(VERBS[kind])
