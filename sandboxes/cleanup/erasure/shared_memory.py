"""What Redis holds about an owner: nothing for long, but a message or remembered figure may name somebody."""

from collections.abc import Iterator
from typing import Any, Final

from sandboxes.cleanup.erasure.subject import Subject
from sandboxes.core import live, redis_client

OURS: Final = (b"sandwarden", b"asgi")


def erase_redis(subject: Subject, *, apply: bool) -> tuple[int, int]:
    """Deletes keys of ours that mention the owner; how many, and how many of others (a queue's) mention it and stay.

    Afterwards the live messages are numbered anew, so that every web process reads its picture again.
    """
    deleted = kept = 0
    with redis_client.blocking() as connection:
        for key in connection.scan_iter(count=1000):
            texts = (part.decode(errors="replace") for part in (key, *_parts(connection, key)))
            if not any(subject.mentions.in_text(text) for text in texts):
                continue
            if not key.startswith(OURS):
                kept += 1
                continue
            deleted += 1
            if apply:
                connection.delete(key)
        if apply:
            connection.delete(live.EPOCH_KEY)
    return deleted, kept


def _parts(connection: Any, key: bytes) -> Iterator[bytes]:
    """Everything that lies under a key."""
    kind = connection.type(key)
    if kind == b"string":
        yield connection.get(key) or b""
    elif kind == b"list":
        yield from connection.lrange(key, 0, -1)
    elif kind == b"set":
        yield from connection.smembers(key)
    elif kind == b"zset":
        yield from connection.zrange(key, 0, -1)
    elif kind == b"hash":
        for name, value in connection.hgetall(key).items():
            yield name
            yield value
