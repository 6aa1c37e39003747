"""Asks a worker to run a task now, instead of at its next beat. The only place that puts tasks into Celery's queue."""

import logging
from typing import Final

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

EXPIRES_SECONDS: Final = 60.0  # a task that nobody took by then is left to the beat
log = logging.getLogger(__name__)


class QueueAway(Exception):
    """Redis, which holds the queue, does not answer."""


def enqueue(
    task: str, *args: object, expires_seconds: float | None = EXPIRES_SECONDS, in_seconds: float | None = None
) -> None:
    """Queues `task` by its name, to begin after `in_seconds`. Raises QueueAway."""
    try:
        current_app.send_task(
            task, args=args, expires=expires_seconds, countdown=in_seconds, retry=False, ignore_result=True
        )
    except (OperationalError, RedisError, OSError) as error:
        raise QueueAway(f"Redis is away: {error}") from error


def try_enqueue(
    task: str, *args: object, expires_seconds: float | None = EXPIRES_SECONDS, in_seconds: float | None = None
) -> bool:
    """The same for what the beat runs anyway: False, and a line in the log, where Redis is away."""
    try:
        enqueue(task, *args, expires_seconds=expires_seconds, in_seconds=in_seconds)
    except QueueAway as error:
        log.warning("%s is left to the next beat: %s", task, error)
        return False
    return True
