"""An entry of the audit of settings as a line that people read: who, on what, which values before and after."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.api.settings_audit import AuditRow, row_of
from sandboxes.models import AuditEntry

SUBJECTS: Final[Mapping[str, str]] = {
    "sign-in": gettext_noop("Sign-in"),
    "person": gettext_noop("Person"),
    "role": gettext_noop("Role"),
    "second factor": gettext_noop("Second factor"),
    "single sign-on": gettext_noop("Single sign-on"),
    "sign-in rules": gettext_noop("Sign-in rules"),
    "sign-in provider": gettext_noop("Sign-in provider"),
    "token": gettext_noop("API token"),
    "channel": gettext_noop("Channel"),
    "account": gettext_noop("Account"),
    "policy": gettext_noop("Policy"),
    "price": gettext_noop("Price"),
    "freeze": gettext_noop("Freeze"),
    "brake": gettext_noop("Safety limit"),
    "owner callback": gettext_noop("Owner callback"),
    "export": gettext_noop("Export"),
    "approval": gettext_noop("Approval"),
    "limit": gettext_noop("Limit"),
    "invoice": gettext_noop("Invoice"),
}
VERBS: Final[Mapping[str, str]] = {
    "added": gettext_noop("added"),
    "changed": gettext_noop("changed"),
    "removed": gettext_noop("removed"),
    "succeeded": gettext_noop("succeeded"),
    "failed": gettext_noop("failed"),
    "ended": gettext_noop("signed out"),
    "downloaded": gettext_noop("downloaded"),
}
ACTORS: Final[Mapping[str, str]] = {
    "token": gettext_noop("API token"),
    "channel": gettext_noop("Channel"),
    "command": gettext_noop("command"),
    "server": gettext_noop("the server"),
    "database": gettext_noop("database role"),
    "nobody": gettext_noop("nobody"),
}
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {}, False)
_LONGEST: Final = 300


@dataclass(frozen=True)
class Change:
    """A field, and its values as text; None where there was none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Line:
    """`who_kind` is empty for a person."""

    at: datetime
    who: str
    who_kind: str
    subject: str
    name: str
    verb: str
    accounts: list[str]
    changes: list[Change]
    number: int | None


def lines(entries: Iterable[AuditEntry]) -> list[Line]:
    """One for each entry."""
    return [_line(row_of(entry)) for entry in entries]


def _line(row: AuditRow) -> Line:
    return Line(
        at=row.at,
        who=row.actor.name,
        who_kind=_(ACTORS[row.actor.kind]) if row.actor.kind in ACTORS else "",
        subject=_(SUBJECTS.get(row.subject.kind, row.subject.kind)),
        name=row.subject.name or "",
        verb=_(VERBS.get(row.verb, row.verb)),
        accounts=row.accounts or [],
        changes=_changes(row.before or {}, row.after or {}),
        number=row.number,
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs; of what is new or gone, the fields that hold something."""
    names = dict.fromkeys([*before, *after])
    pairs = [(name, before.get(name), after.get(name)) for name in names]
    return [
        Change(name.replace("_", " "), _text(old), _text(new))
        for name, old, new in pairs
        if not (old in _EMPTY and new in _EMPTY) or (name in before and name in after)
    ]


def _text(value: Any) -> str | None:
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        text = ", ".join(map(str, value))
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
