"""Tells the supervisor how large the fleet is, by a file: it starts more workers for a large one."""

import logging
import threading

from django.conf import settings
from django.db import Error, close_old_connections

from runner.supervisor import growth
from sandboxes.models import Sandbox

log = logging.getLogger(__name__)
EVERY_SECONDS = 15.0


class FleetSize:
    """Counts what runs every 15 s; a count that fails is left out. `ended` is set when it no longer does."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet-size", daemon=True)

    def start(self) -> None:
        """Begins to count, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Counts no more."""
        self._stopping.set()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(EVERY_SECONDS):
                self._tell()
        finally:
            self.ended.set()

    def _tell(self) -> None:
        try:
            growth.tell(settings.DATA_DIR, Sandbox.objects.filter(state="running").count())
        except (Error, OSError) as trouble:
            log.warning("The fleet's size could not be told to the supervisor: %s", trouble)
        finally:
            close_old_connections()
