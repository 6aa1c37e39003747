"""Tells the supervisor how large the fleet is, by a file: it starts more workers for a large one."""

import logging
import threading

from django.conf import settings
from django.db import Error, close_old_connections

from config.roles.role import Role
from runner.supervisor import growth
from sandboxes.models import Sandbox

log = logging.getLogger(__name__)
EVERY_SECONDS = 15.0


class FleetSize(Role):
    """Counts what runs every 15 s; a count that fails is left out."""

    def __init__(self) -> None:
        super().__init__("fleet-size")
        self._stopping = threading.Event()

    def work(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            self.tell()

    def stop(self) -> None:
        self._stopping.set()

    def tell(self) -> None:
        """One count."""
        try:
            growth.tell(settings.DATA_DIR, Sandbox.objects.filter(state="running").count())
        except (Error, OSError) as trouble:
            log.warning("The fleet's size could not be told to the supervisor: %s", trouble)
        finally:
            close_old_connections()
