"""What was changed or done elsewhere than at a sandbox, as the audit's chain holds it: noted, and looked for."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from sandboxes.actions import queries
from sandboxes.core import acting, database, sight
from sandboxes.models import Account, AuditEntry

# What an entry can be on. Those of the first group belong to accounts, the others to the whole installation.
OF_ACCOUNTS: Final = (
    "account", "policy", "price", "freeze", "brake", "owner callback", "export", "approval", "limit",
    "invoice", "alert rule", "silence",
)  # fmt: skip
OF_PEOPLE: Final = ("person", "role", "sign-in", "second factor", "single sign-on")  # by their names
SUBJECTS: Final = (*OF_ACCOUNTS, *OF_PEOPLE, "token", "sign-in rules", "sign-in provider", "channel", "alert routes")
VERBS: Final = ("added", "changed", "removed", "succeeded", "failed", "ended", "downloaded")
ACTORS: Final = ("user", "token", "command", "server", "database", "nobody")


@dataclass(frozen=True)
class TrailQuery:
    """Filters; None is not asked. `subject` is a word of SUBJECTS, or it, a colon and a name: `policy:Old ones`.

    `whole`: the caller may see everything. Else they see what belongs to accounts of theirs alone, and what `own`, the
    name of a person, did or what was done about them. Raises ValueError for an unknown subject.
    """

    whole: bool
    own: str | None = None
    subject: str | None = None
    actor: str | None = None
    since: datetime | None = None
    accounts: Collection[str] | None = None

    def __post_init__(self) -> None:
        kind = self.subject.partition(":")[0] if self.subject is not None else SUBJECTS[0]
        if kind not in SUBJECTS:
            raise ValueError(f"subject {kind!r} is none of {', '.join(SUBJECTS)}")

    def rows(self) -> QuerySet[AuditEntry]:
        """The newest first."""
        found = AuditEntry.objects.filter(action_id=0, change__has_key="setting").order_by("-id")
        if not self.whole:
            found = found.filter(self._visible())
        if self.subject is not None:
            kind, colon, name = self.subject.partition(":")
            found = found.filter(change__setting__subject=kind)
            found = found.filter(change__setting__name=name) if colon else found
        if self.actor is not None:
            named = Q(change__setting__actor__name=self.actor)
            found = found.filter(named | Q(change__setting__actor__kind=self.actor))
        if self.since is not None:
            found = found.filter(at__gte=self.since)
        if self.accounts is not None:
            found = found.filter(_any_of(self.accounts))
        return found

    def _visible(self) -> Q:
        """An entry that names other accounts too is hidden: its values may tell of them."""
        held = [account.name for account in sight.held(Account.objects.only("name").order_by("name"))]
        of_theirs = Q(change__setting__accounts=None) | Q(change__setting__accounts__contained_by=held)
        seen = Q(change__setting__subject__in=OF_ACCOUNTS) & of_theirs
        if self.own is None:
            return seen
        theirs = Q(change__setting__subject__in=OF_PEOPLE, change__setting__name=self.own)
        return seen | theirs | Q(change__setting__actor__kind="user", change__setting__actor__name=self.own)


def note(subject: str, name: str, verb: str, told: dict[str, Any], accounts: Sequence[str] | None = None) -> None:
    """Adds an entry of what is no change of a table; by whoever acts now. `told` holds no secrets."""
    entry = {
        "subject": subject, "id": None, "name": name, "verb": verb, "actor": acting.current()._asdict(),
        "accounts": None if accounts is None else sorted(accounts), "before": None, "after": told,
    }  # fmt: skip
    database.rows(queries.AUDIT_NOTE, [json.dumps(entry)])


def _any_of(names: Collection[str]) -> Q:
    found = Q()
    for name in names:
        found |= Q(change__setting__accounts__contains=[name])
    return found
