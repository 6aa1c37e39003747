"""Celery's clock as a thread of a process that plays several roles."""

from celery.beat import Service

from config.celery import app
from config.roles.role import Role


class Clock(Role):
    """Sends each task at its interval."""

    def __init__(self) -> None:
        super().__init__("beat")
        app.finalize()  # only then are the intervals in its schedule
        self.service = Service(app, scheduler_cls=app.conf.beat_scheduler)

    def work(self) -> None:
        self.service.start()

    def stop(self) -> None:
        self.service.stop()
