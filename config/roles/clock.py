"""Celery's clock as a thread of a process that plays several roles."""

import logging

from celery.beat import Service
from django.db import close_old_connections
from django.utils import timezone

from config.celery import app
from config.roles.role import Role
from sandboxes.alerts import judging
from sandboxes.core import database_away

log = logging.getLogger(__name__)


def started() -> None:
    """Our start, from which alerts are only recorded at first. Without a database that begins with the first round."""
    try:
        judging.began(timezone.now())
    except database_away.ERRORS as error:
        log.warning("that we started could not be stored: %s", error)
    finally:
        close_old_connections()


class Clock(Role):
    """Sends each task at its interval."""

    def __init__(self) -> None:
        super().__init__("beat")
        app.finalize()  # only then are the intervals in its schedule
        self.service = Service(app, scheduler_cls=app.conf.beat_scheduler)

    def work(self) -> None:
        started()
        self.service.start()

    def stop(self) -> None:
        self.service.stop()
