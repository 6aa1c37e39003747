"""`python -m config.roles ROLE …`: plays the roles until SIGTERM; ends with 1 when one of them stops by itself."""

import argparse
import logging
import os
import signal
import sys
import threading
import time

import django

from config import statements
from config.roles.role import Role

ROLES = ("web", "work", "acts", "notify", "beat")
WORK_THREADS = 4
ACTS_THREADS = 16  # each waits for a backend; an account's rounds have a lock each, so one that hangs takes six
LOOK_SECONDS = 0.5
log = logging.getLogger(__name__)


def main(words: list[str]) -> int:
    """The exit code: 0 when it was told to end, 1 when a role ended by itself."""
    roles, told = _parse(words), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn has its own while it serves, and raises it again for ours
        signal.signal(number, lambda *_: told.set())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # Django's checks of our own code are for the tests
    django.setup()
    statements.bound_for(roles)
    beside = beside_the_main_thread(roles)
    for role in beside:
        role.start()
    broken = serve(beside, told) if "web" in roles else wait(beside, told)
    for role in reversed(beside):
        role.stop()
    return int(broken)


def beside_the_main_thread(roles: set[str]) -> list[Role]:
    """The roles that need no main thread; what a role does not need is not imported."""
    from django.conf import settings  # noqa: PLC0415

    found: list[Role] = []
    if roles & {"work", "acts"}:
        from config.roles.consumer import Consumer  # noqa: PLC0415

        queues = {
            "work": (settings.CELERY_TASK_DEFAULT_QUEUE, WORK_THREADS),
            "acts": (settings.OUTBOUND_QUEUE, ACTS_THREADS),
        }
        found += [Consumer(*queues[role]) for role in ("work", "acts") if role in roles]
    if "work" in roles:
        from config.roles.fleet_size import FleetSize  # noqa: PLC0415

        found.append(FleetSize())
    if "notify" in roles:
        from config.roles.notify import Notify  # noqa: PLC0415

        found.append(Notify())
    if "beat" in roles:
        from config.roles.clock import Clock  # noqa: PLC0415

        found.append(Clock())
    return found


def serve(beside: list[Role], told: threading.Event) -> bool:
    """Pages in the main thread until a signal; whether a role beside them ended before it."""
    from config.roles.web import server  # noqa: PLC0415

    serving = server()
    fallen = threading.Event()

    def watch() -> None:
        while not serving.should_exit:
            if _has_ended(beside):
                fallen.set()
                serving.should_exit = True
            time.sleep(LOOK_SECONDS)

    if beside:
        threading.Thread(target=watch, name="watch", daemon=True).start()
    if told.is_set():  # while everything was loaded
        return False
    serving.run()
    return fallen.is_set() or not serving.started


def wait(beside: list[Role], told: threading.Event) -> bool:
    """Until a signal, or until one of the roles ended by itself (True)."""
    while not told.wait(LOOK_SECONDS):
        if _has_ended(beside):
            return True
    return False


def _has_ended(beside: list[Role]) -> bool:
    ended = [role.thread.name for role in beside if role.ended.is_set()]
    if ended:
        log.error("%s ended by itself: the process ends, to be started again", ", ".join(ended))
    return bool(ended)


def _parse(words: list[str]) -> set[str]:
    parser = argparse.ArgumentParser(prog="python -m config.roles", description=__doc__)
    parser.add_argument("roles", nargs="+", choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
    return set(parser.parse_args(words).roles)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
