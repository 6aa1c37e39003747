"""A Celery worker of threads inside a process that plays several roles.

Celery's own `celery worker` takes a process for itself: signals, banner, one set of queues for the app. What is used
here is the part below it, a WorkController with an app of its own, which leaves all three to us.
"""

from collections.abc import Mapping
from typing import Any

from celery import Celery
from celery.signals import worker_init
from celery.worker import state

from config.celery import configured
from config.roles.role import Role

# On this machine alone, so the talk among workers is off; and no asynchronous hub, of which a process has but one.
_ALONE: Mapping[str, Any] = {
    "without_gossip": True, "without_mingle": True, "without_heartbeat": True, "use_eventloop": False,
}  # fmt: skip


class Consumer(Role):
    """Takes the tasks of one queue and runs up to `threads` of them at once."""

    def __init__(self, queue: str, threads: int) -> None:
        super().__init__(queue)
        self.app: Celery = configured(queue)
        self.app.loader.import_default_modules()  # here, in the main thread: consumers that import side by side
        self.app.finalize()  # would each know some of the tasks only
        self._size = {"pool": "threads", "concurrency": threads, "queues": [queue], "hostname": f"{queue}@%h"}

    def work(self) -> None:
        controller = self.app.WorkController(**self._size, **_ALONE)
        worker_init.send(sender=controller)  # Celery's care for Django's connections begins with this signal
        controller.start()

    def stop(self) -> None:
        state.should_stop = 0  # for every consumer of the process
        self.thread.join()
