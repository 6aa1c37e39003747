"""A POST under an `Idempotency-Key` happens once: the same key and body get the first answer again for 24 hours."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from django.db import connection

from dashboard.api import queries
from dashboard.models import ANSWERS_KEPT, IdempotentAnswer

# A first call that has not answered by then died with its process: the next one under the key takes over.
AT_WORK_AT_MOST: Final = timedelta(minutes=5)
MAX_KEY_LENGTH: Final = 255


class Conflict(Enum):
    """Why a call under a key is refused."""

    OTHER_BODY = "this Idempotency-Key was used for another call or body"
    AT_WORK = "the first call under this Idempotency-Key has not answered yet"


@dataclass(frozen=True)
class Answer:
    """An answer: HTTP status, JSON body, and the headers that the operation set, by name.

    `kept` is what later calls under its key get in the place of a body that holds a secret.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    kept: bytes | None = None

    @property
    def final(self) -> bool:
        """Whether asking again would change nothing: our failures and refusals for load are not kept."""
        return self.status < 500 and self.status not in {408, 429}


def digest_of(method: str, path: str, body: bytes) -> str:
    """What makes a call the same call: SHA-256 of method, path and body."""
    return hashlib.sha256(b"\n".join([method.encode(), path.encode(), body])).hexdigest()


def once(caller: str, key: str, digest: str, work: Callable[[], Answer], now: datetime) -> Answer | Conflict:
    """Does `work` for the first call under the caller's `key`, and gives its answer to the calls after it.

    Whatever `work` raises goes through, and leaves the key free.
    """
    row = _claim(caller, key, digest, now)
    if not isinstance(row, int):
        return row
    try:
        answer = work()
    except BaseException:
        IdempotentAnswer.objects.filter(pk=row).delete()
        raise
    mine = IdempotentAnswer.objects.filter(pk=row)
    if answer.final:
        body = answer.body if answer.kept is None else answer.kept
        mine.update(status=answer.status, body=body, headers=answer.headers)
    else:
        mine.delete()
    return answer


def _claim(caller: str, key: str, digest: str, now: datetime) -> int | Answer | Conflict:
    """The row that is ours to fill, the answer that stands, or why there is none."""
    _forget(caller, key, now)
    with connection.cursor() as cursor:
        cursor.execute(queries.CLAIM, [caller, key, digest, now])
        mine = cursor.fetchone()
    if mine is not None:
        return int(mine[0])
    held = IdempotentAnswer.objects.filter(token=caller, key=key).first()
    if held is None:
        return Conflict.AT_WORK  # its first call failed just now: the caller may try again
    if held.digest != digest:
        return Conflict.OTHER_BODY
    return Conflict.AT_WORK if held.status is None else Answer(held.status, bytes(held.body), held.headers)


def _forget(caller: str, key: str, now: datetime) -> None:
    under_the_key = IdempotentAnswer.objects.filter(token=caller, key=key)
    under_the_key.filter(created_at__lte=now - ANSWERS_KEPT).delete()
    under_the_key.filter(created_at__lte=now - AT_WORK_AT_MOST, status=None).delete()
