"""A process of several roles: it ends as it is told, and ends by itself only when one of its roles has."""

import os
import signal
import threading

import pytest

from config.roles import __main__ as roles


class Idle:
    """A role that does nothing until it is stopped, or ends at once."""

    def __init__(self, *, ends: bool = False) -> None:
        self.ended = threading.Event()
        self.stopped = False
        if ends:
            self.ended.set()

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def restored_signals():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("restored_signals")
def test_process_ends_with_0_when_told_and_stops_its_roles(monkeypatch):
    role = Idle()
    monkeypatch.setattr(roles, "beside_the_main_thread", lambda _: [role])
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    assert roles.main(["work"]) == 0
    assert role.stopped


@pytest.mark.usefixtures("restored_signals")
def test_process_ends_with_1_when_one_of_its_roles_did(monkeypatch):
    whole, broken = Idle(), Idle(ends=True)
    monkeypatch.setattr(roles, "beside_the_main_thread", lambda _: [whole, broken])
    assert roles.main(["work", "beat"]) == 1
    assert whole.stopped


def test_unknown_role_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as refused:
        roles.main(["wrok"])
    assert refused.value.code == 2
    assert "web" in capsys.readouterr().err


def test_every_consumer_knows_every_task():
    from config.celery import app
    from config.roles.consumer import Consumer

    app.loader.import_default_modules()
    app.finalize()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert {"sandboxes.tasks.poll", "events.tasks.sync", "dashboard.tasks.retain"} <= ours
    for queue in ("sandwarden", "sandwarden-outbound"):
        assert ours <= set(Consumer(queue, 1).app.tasks)


def test_the_clock_has_every_interval():
    from config.roles.clock import Clock

    schedule = Clock().service.scheduler.schedule
    assert len(schedule) == 14
    assert "sandboxes.tasks.poll" in schedule


def test_work_needs_nothing_of_what_only_pages_need():
    """Plotly, ninja and pydantic are a third of the memory of a process that does not serve pages."""
    import subprocess
    import sys

    program = (
        "import os, sys; os.environ.update(DJANGO_SETTINGS_MODULE='config.settings', CELERY_SKIP_CHECKS='1');"
        "import django; django.setup(); from config.roles.consumer import Consumer; Consumer('sandwarden', 1);"
        "print(*sorted({'plotly', 'ninja', 'pydantic', 'narwhals', 'dashboard.urls'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
