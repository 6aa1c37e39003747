"""The sending of notifications as a thread of its process, with an event loop of its own."""

import asyncio

from config.roles.role import Role
from sandboxes.notifications.notifier import Notifier


class Notify(Role):
    """Sends what waits, at once and every 10 s; a channel that hangs holds up neither the others nor the process."""

    def __init__(self) -> None:
        super().__init__("notify")
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()

    def work(self) -> None:
        try:
            self._loop.run_until_complete(Notifier().run(self._stopping))
        finally:
            self._loop.close()

    def stop(self) -> None:
        if self.thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self.thread.join()
