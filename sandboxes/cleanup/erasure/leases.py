"""Leases of an owner: deleted, unless they hold a live sandbox (or one still to come) or cover somebody else's."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection

from sandboxes.cleanup.erasure import queries
from sandboxes.cleanup.erasure.subject import Subject
from sandboxes.models import Lease


class _Found(NamedTuple):
    key: int
    stays: bool


def erase_leases(subject: Subject) -> int:
    """Deletes those of this owner alone that hold nothing; how many."""
    gone = [one.key for one in _found(subject) if not one.stays]
    Lease.objects.filter(pk__in=gone).delete()
    return len(gone)


def kept_leases(subject: Subject) -> int:
    """How many stay though they name the owner: they hold a live sandbox, or cover others' too."""
    return sum(one.stays for one in _found(subject))


def _found(subject: Subject) -> list[_Found]:
    with connection.cursor() as cursor:
        cursor.execute(queries.LEASES, {**subject.given, "now": datetime.now(UTC)})
        rows = cursor.fetchall()
    found = []
    for key, name, metadata, holds, own, other, awaited in rows:
        text = f"{name}\n{json.dumps(metadata, ensure_ascii=False) if not isinstance(metadata, str) else metadata}"
        if own or subject.mentions.in_text(text):
            found.append(_Found(key, stays=other or (holds and (awaited or subject.live > 0))))
    return found
