"""Whose data an erasure is about: the owner at one account, the sandboxes, and what identifies them in texts."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from sandboxes.cleanup.erasure import queries
from sandboxes.cleanup.erasure.mentions import Mentions
from sandboxes.models import Account, Sandbox


class Refused(Exception):
    """It can't be erased now; says why and what to do."""


@dataclass(frozen=True)
class Subject:
    """`keys` and `ids` are of the owner's sandboxes; the pseudonym is random and follows from nothing."""

    owner: str
    account: Account
    keys: list[int]
    ids: list[str]
    live: int
    mentions: Mentions = field(repr=False)
    pseudonym: str = field(default_factory=lambda: f"erased-{secrets.token_hex(8)}")

    @property
    def given(self) -> dict[str, Any]:
        """The parameters of the statements in `queries`."""
        return {
            "owner": self.owner, "pseudonym": self.pseudonym, "keys": self.keys, "ids": self.ids,
            "account": self.account.pk, "account_name": self.account.name,
            "in_json": json.dumps(self.owner, ensure_ascii=False)[1:-1],
        }  # fmt: skip


def subject_of(account: Account, owner: str) -> Subject:
    """What the record says now of this owner's sandboxes at the account."""
    rows = list(Sandbox.objects.filter(account=account, owner=owner).values_list("pk", "sandbox_id", "state"))
    keys, ids = [row[0] for row in rows], [row[1] for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(queries.VALUES, {"keys": keys, "ids": ids, "account": account.pk})
        values = [row[0] for row in cursor.fetchall()]
    live = sum(row[2] != Sandbox.State.ENDED for row in rows)
    return Subject(owner, account, keys, ids, live, Mentions(owner, values, ids))


def check(subject: Subject, *, include_running: bool) -> None:
    """Raises Refused while something still needs or brings back what would be erased."""
    if subject.live and not include_running:
        raise Refused(
            f"{subject.live} sandboxes of this owner have not ended: the backend still reports their metadata, and "
            "policies need it. End them first, or give --include-running: all but their record is erased; run it again "
            "when they have ended"
        )
    with connection.cursor() as cursor:
        cursor.execute(queries.UNFINISHED, subject.given)
        (unfinished,) = cursor.fetchone()
    if unfinished:
        raise Refused(f"{unfinished} actions on this owner's sandboxes are not finished: cancel them, or wait")
