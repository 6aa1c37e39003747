"""Celery's clock as a thread of a process that plays several roles."""

import threading

from celery.beat import Service

from config.celery import app


class Clock:
    """Sends each task at its interval; `ended` is set when it no longer does."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        app.finalize()  # only then are the intervals in its schedule
        self.service = Service(app, scheduler_cls=app.conf.beat_scheduler)
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)

    def start(self) -> None:
        """Begins to tick, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Sends nothing more."""
        self.service.stop()

    def _run(self) -> None:
        try:
            self.service.start()
        finally:
            self.ended.set()
