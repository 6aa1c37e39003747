"""Pieces of sentences about what needs somebody: bold parts, counted nouns, names of rounds. Pure."""

import re
from collections.abc import Mapping

from dashboard.ui.translation import gettext as _
from dashboard.ui.translation import gettext_noop, ngettext

_PLACE = re.compile(r"%\((\w+)\)s")
ROUNDS = {
    "sync": gettext_noop("List sync"),
    "poll": gettext_noop("Polling"),
    "reconcile": gettext_noop("Reconcile"),
    "webhook": gettext_noop("Webhook upkeep"),
    "rollup": gettext_noop("Metrics roll-up"),
    "forget": gettext_noop("Deletion"),
    "backfill": gettext_noop("History backfill"),
    "causes": gettext_noop("Cause analysis"),
    "act": gettext_noop("Sending actions"),
    "answers": gettext_noop("Recording of action results"),
    "facts": gettext_noop("Policy evaluation"),
    "judge": gettext_noop("Policy evaluation"),
    "reap": gettext_noop("Final check"),
    "namesakes": gettext_noop("Shared ID check"),
    "limits": gettext_noop("Limits"),
    "silence": gettext_noop("Webhook upkeep"),
}


def round_name(name: str) -> str:
    """A round of an account as a reader knows it: "poll part 1 of 4" is "Polling part 1 of 4"."""
    first, _space, unit = name.partition(" ")
    return f"{_(ROUNDS[first]) if first in ROUNDS else first} {unit}".rstrip()


def parts_of(sentence: str, plain: Mapping[str, str] | None = None, **bold: str) -> list[tuple[str, bool]]:
    """The sentence in parts: what `%(name)s` stands for is bold, or `plain`. One without any is bold as a whole."""
    if not bold:
        return [(sentence, True)]
    parts: list[tuple[str, bool]] = []
    for place, text in enumerate(_PLACE.split(sentence)):
        named = place % 2 == 1
        words = {**(plain or {}), **bold}[text] if named else text
        if named and text in bold:
            parts.append((words, True))
        elif parts and not parts[-1][1]:
            parts[-1] = (parts[-1][0] + words, False)
        elif words:
            parts.append((words, False))
    return parts


def sandboxes(count: int) -> str:
    return ngettext("%(n)s sandbox", "%(n)s sandboxes", count) % {"n": f"{count:,}"}


def events(count: int) -> str:
    return ngettext("%(n)s event", "%(n)s events", count) % {"n": f"{count:,}"}


def open_some(count: int) -> str:
    return _("Open %(n)s") % {"n": f"{count:,}"}
