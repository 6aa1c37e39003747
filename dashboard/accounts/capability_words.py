"""What a backend can do, in words: for the table in Settings and for REST."""

from collections.abc import Mapping
from typing import Final

import msgspec
from django.utils.translation import gettext, gettext_noop

from sandboxes.e2b import Capabilities

# Name: (what it is, says when it is there, says when it lacks)
WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "bulk_metrics": (
        gettext_noop("Bulk metrics"), gettext_noop("100 sandboxes per request"),
        gettext_noop("one request per sandbox"),
    ),
    "metrics": (
        gettext_noop("Metrics of a sandbox"), gettext_noop("CPU, memory and disk"),
        gettext_noop("no metrics endpoint: CPU and memory stay empty; age, state and cost work"),
    ),
    "events": (
        gettext_noop("Events API"), gettext_noop("lifecycle events with their reasons"),
        gettext_noop("inferred from list changes: the reason of an end stays unknown"),
    ),
    "webhooks": (
        gettext_noop("Webhooks"), gettext_noop("events arrive within a second"),
        gettext_noop("not supported: changes are seen by the next sync"),
    ),
    "pause": (
        gettext_noop("Pause and resume"), gettext_noop("yes"),
        gettext_noop("not supported: a policy that pauses does nothing here"),
    ),
    "logs": (gettext_noop("Logs"), gettext_noop("yes"), gettext_noop("not supported")),
    "templates": (
        gettext_noop("Template names"), gettext_noop("yes"), gettext_noop("not reported: templates are shown by ID"),
    ),
}  # fmt: skip


class Capability(msgspec.Struct, frozen=True):
    """`state`: `yes`, `no`, `partly`, or `unknown` until it was tried; `says` in a few words."""

    state: str
    says: str


def table(stored: Mapping[str, object]) -> dict[str, Capability]:
    """Each capability by name, from what `Account.capabilities` holds."""
    known = Capabilities.from_dict(stored).to_dict()
    return {name: _of(name, known[name], known) for name in WORDS}


def title(name: str) -> str:
    """What the capability is called on pages."""
    return gettext(WORDS[name][0])


def _of(name: str, has: bool | None, known: Mapping[str, bool | None]) -> Capability:
    if has is None:
        return Capability("unknown", gettext("not known yet"))
    if name == "bulk_metrics" and not has and known["metrics"]:
        return Capability("partly", gettext(WORDS[name][2]))
    return Capability("yes" if has else "no", gettext(WORDS[name][1 if has else 2]))
